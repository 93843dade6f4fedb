import { once } from 'node:events';
import { connect, createServer, Socket, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { endOnce } from '../../../lib/adapters/end-once.js';

/** Both ends of a connection; the server's does not end by itself. */
async function pair() {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [Socket];
  endOnce(accepted);
  return {
    accepted,
    client,
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      accepted.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('endOnce', () => {
  afterEach(() => vi.restoreAllMocks());

  it('sends what comes with the end', async () => {
    await using sockets = await pair();
    sockets.accepted.end('bye');
    const [data] = (await once(sockets.client, 'data')) as [Buffer];
    expect(data.toString()).toBe('bye');
    await once(sockets.client, 'end');
  });

  it('bothers Node once', async () => {
    await using sockets = await pair();
    const end = vi.spyOn(Socket.prototype, 'end');
    sockets.accepted.end();
    await once(sockets.accepted, 'finish');
    expect(sockets.accepted.end()).toBe(sockets.accepted);
    sockets.accepted.destroy();
    expect(sockets.accepted.end()).toBe(sockets.accepted);
    expect(end.mock.contexts.filter((socket) => socket === sockets.accepted)).toHaveLength(1);
  });

  it('tells who asks that it is too late', async () => {
    await using sockets = await pair();
    sockets.accepted.end();
    await once(sockets.accepted, 'finish');
    const told = await new Promise((resolve) => {
      sockets.accepted.end((error?: unknown) => resolve(error));
    });
    expect(told).toMatchObject({ code: 'ERR_STREAM_ALREADY_FINISHED' });
  });
});
