"""Authenticates with python-websockets and prints what happened as JSON.

usage: python-client.py URL [--bearer TOKEN] [--whoami]
"""

import argparse
import asyncio
import json

import websockets

try:  # 13 and newer
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidStatus

    HEADERS = "additional_headers"

    def status_of(refusal):
        return refusal.response.status_code

except ImportError:
    from websockets import connect
    from websockets.exceptions import InvalidStatusCode as InvalidStatus

    HEADERS = "extra_headers"

    def status_of(refusal):
        return refusal.status_code


async def converse(websocket, whoami):
    if whoami:
        await websocket.send(json.dumps({"event": "whoami"}))
        received = [await websocket.recv()]
        while "whoami" not in received[-1]:
            received.append(await websocket.recv())
        await websocket.close()
    else:
        received = [await websocket.recv()]
        await websocket.send(received[0].replace("Hello", "Goodbye").replace("!", "."))
        await websocket.wait_closed()
    return {"status": 101, "received": received, "code": websocket.close_code}


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--bearer")
    parser.add_argument("--whoami", action="store_true")
    args = parser.parse_args()
    headers = {"Authorization": f"Bearer {args.bearer}"} if args.bearer else {}
    try:
        async with connect(args.url, **{HEADERS: headers}) as websocket:
            outcome = await converse(websocket, args.whoami)
    except InvalidStatus as refusal:
        outcome = {"status": status_of(refusal)}
    print(json.dumps(outcome))


asyncio.run(main())
