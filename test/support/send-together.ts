import type { Socket } from 'node:net';
import type { WsTestClient } from '../../lib/testing.js';

/** Sends several messages in one segment, so that the server reads them in one chunk. */
export function sendTogether(
  client: WsTestClient,
  ...messages: readonly (string | object)[]
): void {
  const { _socket: socket } = client.socket as unknown as { readonly _socket: Socket };
  socket.cork();
  for (const message of messages) {
    client.sendRaw(typeof message === 'string' ? message : JSON.stringify(message));
  }
  socket.uncork();
}
