import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer, type ServerOptions } from 'ws';

/** Both ends of a WebSocket, and the socket of the server. */
export async function webSocketPair(
  // The types of `ws` do not know `closeTimeout` yet.
  options: ServerOptions & { readonly closeTimeout?: number } = {},
) {
  const http = createServer();
  const server = new WebSocketServer({ ...options, server: http });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const peer = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
  const [client, { socket }] = (await once(server, 'connection')) as [WebSocket, IncomingMessage];
  await once(peer, 'open');
  return {
    client,
    peer,
    socket,
    [Symbol.asyncDispose]: async () => {
      peer.terminate();
      client.terminate();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
