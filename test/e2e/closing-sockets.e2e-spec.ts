import { once } from 'node:events';
import type { Server } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { startProtected } from '../support/app.js';
import { bearer } from '../support/tokens.js';

afterEach(() => vi.restoreAllMocks());

it('ends the socket of a client that leaves once: each needless call makes an error in Node.js', async () => {
  await using app = await startProtected();
  const connected = once(app.nest.getHttpServer() as Server, 'connection');
  const client = await app.connect('/', bearer()).opened();
  const [socket] = (await connected) as [Socket];
  const { mock } = vi.spyOn(Socket.prototype, 'end');
  const closed = once(socket, 'close');
  client.socket.close();
  await closed;
  expect(mock.contexts.filter((each) => each === socket)).toHaveLength(1);
});
