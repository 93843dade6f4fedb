import { createServer, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { broadcast } from './broadcast.js';
import type { Contender } from './contender.js';
import { listen } from './listen.js';
import { answer } from './raw-echo.js';
import { verifier } from './verify.js';

/** `ws` and `jsonwebtoken` in the `upgrade` listener, as the README of `ws` shows it. */
export const handWrittenUpgrade: Contender = async (settings) => {
  const verify = verifier(settings);
  const sockets = new WebSocketServer({ noServer: true });
  const server = createServer();
  server.on('upgrade', async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    try {
      const user = await verify(request.headers.authorization?.slice('Bearer '.length) ?? '');
      sockets.handleUpgrade(request, socket, head, (client) => {
        client.on('message', (data: Buffer) => answer(client, data.toString(), user));
      });
    } catch {
      socket.write('HTTP/1.1 401 Unauthorized\r\n\r\n');
      socket.destroy();
    }
  });
  const revoke = () => {
    const startedAt = Date.now();
    sockets.clients.forEach((client) => client.close(3_000, 'revoked'));
    return startedAt;
  };
  return { port: await listen(server), commands: { revoke, broadcast: () => broadcast(sockets) } };
};
