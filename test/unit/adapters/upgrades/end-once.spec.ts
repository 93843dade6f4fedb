import { once } from 'node:events';
import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { endOnce } from '../../../../lib/adapters/upgrades/end-once.js';
import { webSocketPair } from '../../support/web-socket-pair.js';

/** Counts the calls of `end()` that reach Node.js. */
function countEnds() {
  const spies = [vi.spyOn(Socket.prototype, 'end'), vi.spyOn(Writable.prototype, 'end')];
  return (stream: unknown) =>
    spies.flatMap(({ mock }) => mock.contexts).filter((each) => each === stream).length;
}

describe('endOnce', () => {
  afterEach(() => vi.restoreAllMocks());

  it.each([
    ['the peer closes', 'peer', 'client'],
    ['the server closes', 'client', 'peer'],
  ] as const)('ends each of the two streams once where %s', async (_which, first, other) => {
    await using sockets = await webSocketPair();
    const { client, socket } = sockets;
    const { _receiver: receiver } = client as unknown as { readonly _receiver: Writable };
    endOnce(client, socket);
    const ends = countEnds();
    const closed = Promise.all([once(sockets[first], 'close'), once(sockets[other], 'close')]);
    sockets[first].close(4_000, 'bye');
    const codes = (await closed).map(([code, reason]) => [code, String(reason)]);
    expect(codes).toEqual([
      [4_000, 'bye'],
      [4_000, 'bye'],
    ]);
    expect([ends(socket), ends(receiver)]).toEqual([1, 1]);
  });

  it('ends the socket once where ws keeps its receiver elsewhere', async () => {
    await using sockets = await webSocketPair();
    const { client, socket, peer } = sockets;
    endOnce({}, socket);
    const ends = countEnds();
    peer.close();
    await once(client, 'close');
    expect(ends(socket)).toBe(1);
  });

  it('leaves the socket an end of its own, which the application has put there', async () => {
    await using sockets = await webSocketPair();
    const { client, socket, peer } = sockets;
    const own = vi.fn(socket.end.bind(socket));
    socket.end = own as never;
    endOnce(client, socket);
    peer.close();
    await once(client, 'close');
    expect(own).toHaveBeenCalled();
  });

  it('reports data that comes after the end to its caller', async () => {
    await using sockets = await webSocketPair();
    const { client, socket } = sockets;
    endOnce(client, socket);
    socket.on('error', () => undefined).end();
    const failure = await new Promise((resolve) => {
      socket.end('late', (error?: unknown) => resolve(error));
    });
    expect(failure).toMatchObject({ code: 'ERR_STREAM_WRITE_AFTER_END' });
  });
});
