import asyncio
import json
import sys

import websockets


async def send(websocket, event, data=None):
    await websocket.send(json.dumps({"event": event, "data": data}))


async def greet(url, new_token):
    async with websockets.connect(url) as websocket:
        await send(websocket, "authenticate", {"token": new_token()})
        await send(websocket, "hello")
        async for text in websocket:
            message = json.loads(text)
            if message["event"] == "expiring":
                await send(websocket, "authenticate", {"token": new_token()})
            elif message["event"] == "hello":
                return message["data"]


async def main(url, token):
    try:
        print(await greet(url, lambda: token))
    except websockets.ConnectionClosed as closed:
        print("closed:", closed)


asyncio.run(main(*sys.argv[1:]))
