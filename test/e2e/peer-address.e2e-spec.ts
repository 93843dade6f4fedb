import { EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { FailureLimiter } from '../../lib/index.js';
import { startProtected } from '../support/app.js';

/** A reset that overtakes nothing: the server reads the message and finds the connection gone. */
function sendAndReset(client: WebSocket, message: object): void {
  const { _socket: socket } = client as unknown as { readonly _socket: Socket };
  client.on('error', () => undefined);
  client.send(JSON.stringify(message));
  socket.resetAndDestroy();
}

it('counts a guess against the address of a client that leaves with it', async () => {
  const counted = new EventEmitter();
  const limiter: FailureLimiter = {
    points: 3,
    get: () => Promise.resolve(null),
    consume: (key) => Promise.resolve(counted.emit('key', key)),
  };
  await using app = await startProtected({ failedAttempts: { perAddress: limiter } });
  const client = new WebSocket(app.url());
  await once(client, 'open');
  const heard = once(counted, 'key');
  sendAndReset(client, { event: 'authenticate', data: { token: 'forged' } });
  expect(await heard).toEqual(['address:127.0.0.1']);
});
