import { once } from 'node:events';
import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { destroyWhenAnswered } from '../../../../../lib/adapters/ws/internals/destroy-when-answered.js';
import type { GatedWebSocket } from '../../../../../lib/adapters/ws/gated-web-socket.js';
import { webSocketPair } from '../../../support/web-socket-pair.js';

/** A pair whose server knows the code that it has closed with. */
async function pair() {
  const sockets = await webSocketPair();
  const client = sockets.client as GatedWebSocket;
  destroyWhenAnswered(client, sockets.socket);
  const close = (code: number, reason?: string) => {
    client.wsAuthClosedWith = code;
    client.close(code, reason);
  };
  return { ...sockets, client, close };
}

/** How often the server has ended its side of the socket, instead of closing it. */
function watchEnds(socket: unknown) {
  const { mock } = vi.spyOn(Socket.prototype, 'end');
  return () => mock.contexts.filter((each) => each === socket).length;
}

describe('destroyWhenAnswered', () => {
  afterEach(() => vi.restoreAllMocks());

  it('lets ws close as ever', async () => {
    await using sockets = await pair();
    sockets.peer.close(4_000, 'bye');
    const [code, reason] = (await once(sockets.client, 'close')) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([4_000, 'bye']);
  });

  it('bothers Node once for each of the two streams', async () => {
    await using sockets = await pair();
    const { client, peer, socket } = sockets;
    const { _receiver: receiver } = client as unknown as { readonly _receiver: Writable };
    const ends = watchEnds(socket);
    const endReceiver = vi.spyOn(Writable.prototype, 'end');
    peer.close();
    await once(client, 'close');
    expect(ends()).toBe(1);
    expect(endReceiver.mock.contexts.filter((each) => each === receiver)).toHaveLength(1);
  });

  it('closes the socket of a peer that has answered our close frame', async () => {
    await using sockets = await pair();
    const { client, peer, socket, close } = sockets;
    const ends = watchEnds(socket);
    const closed = Promise.all([once(client, 'close'), once(peer, 'close')]);
    close(3_000, 'revoked');
    const codes = (await closed).map(([code, reason]) => [code, String(reason)]);
    expect(codes).toEqual([
      [3_000, 'revoked'],
      [3_000, 'revoked'],
    ]);
    expect(ends()).toBe(0);
  });

  it.each([
    ['1000 and 1001 say that a peer leaves', 1_001, 1_001],
    ['another code than ours crosses our close frame', 3_000, 4_000],
  ])('waits for the peer where %s', async (_why, ours, theirs) => {
    await using sockets = await pair();
    const { client, peer, socket, close } = sockets;
    const ends = watchEnds(socket);
    const closed = once(client, 'close');
    peer.close(theirs);
    close(ours);
    expect((await closed)[0]).toBe(theirs);
    expect(ends()).toBe(1);
  });

  it('loses nothing that is on its way to a peer that leaves and answers a ping all the same', async () => {
    await using sockets = await pair();
    const { client, peer } = sockets;
    const raw = (peer as unknown as { readonly _socket: Socket })._socket;
    const closed = once(peer, 'close');
    const received: number[] = [];
    peer.on('message', (data: Buffer) => received.push(data.length));
    // Before it has read a close frame a peer must answer pings, also after its own (RFC 6455 §5.5.2); \`ws\` does not.
    peer.on('ping', () => raw.write(Buffer.from([0x8a, 0x80, 0, 0, 0, 0])));
    raw.pause();
    client.ping();
    for (let sent = 0; sent < 16; sent += 1) {
      client.send(Buffer.alloc(65_000));
    }
    const leaving = once(client, 'close');
    peer.close(4_000);
    await vi.waitFor(() => expect(client.readyState).toBe(client.CLOSING));
    raw.resume();
    expect((await closed)[0]).toBe(4_000);
    expect(received).toEqual(Array.from({ length: 16 }, () => 65_000));
    await leaving;
  });

  it('sends everything first', async () => {
    await using sockets = await pair();
    const { client, peer } = sockets;
    const closed = once(peer, 'close');
    const received = once(peer, 'message');
    const sent = Buffer.alloc(8_000_000, 'x');
    peer.pause();
    client.send(sent);
    peer.close(4_000);
    peer.resume();
    const [data] = (await received) as [Buffer];
    expect(data.equals(sent)).toBe(true);
    expect((await closed)[0]).toBe(4_000);
  });

  it('waits for the peer after an error of its own, so that it can read our close frame', async () => {
    await using sockets = await pair();
    const { client, peer, socket } = sockets;
    const ends = watchEnds(socket);
    const closed = once(peer, 'close');
    client.on('error', () => undefined);
    (peer as unknown as { readonly _socket: Socket })._socket.write(Buffer.alloc(1_000_000, 0xff));
    expect((await closed)[0]).toBe(1_002);
    expect(ends()).toBeGreaterThan(0);
  });

  it('reports that it is too late', async () => {
    await using sockets = await pair();
    const { socket } = sockets;
    socket.end();
    await once(socket, 'finish');
    const told = await new Promise((resolve) => {
      socket.end((error?: unknown) => resolve(error));
    });
    expect(told).toMatchObject({ code: 'ERR_STREAM_ALREADY_FINISHED' });
  });

  it('does without a receiver', async () => {
    await using sockets = await pair();
    const { socket } = sockets;
    destroyWhenAnswered({} as WebSocket, socket);
    socket.end();
    await once(socket, 'finish');
    expect(socket.end()).toBe(socket);
  });
});
