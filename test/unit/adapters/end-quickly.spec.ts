import { once } from 'node:events';
import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { endQuickly } from '../../../lib/adapters/end-quickly.js';
import { webSocketPair } from '../support/web-socket-pair.js';

async function pair() {
  const sockets = await webSocketPair();
  endQuickly(sockets.client, sockets.socket);
  return sockets;
}

describe('endQuickly', () => {
  afterEach(() => vi.restoreAllMocks());

  it('lets ws close as ever', async () => {
    await using sockets = await pair();
    sockets.peer.close(4_000, 'bye');
    const [code, reason] = (await once(sockets.client, 'close')) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([4_000, 'bye']);
  });

  it('closes the socket with the close frames, and bothers Node once for the other stream', async () => {
    await using sockets = await pair();
    const { client, peer, socket } = sockets;
    const { _receiver: receiver } = client as unknown as { readonly _receiver: Writable };
    const endSocket = vi.spyOn(Socket.prototype, 'end');
    const endReceiver = vi.spyOn(Writable.prototype, 'end');
    peer.close();
    await once(client, 'close');
    expect(endSocket.mock.contexts.filter((each) => each === socket)).toHaveLength(0);
    expect(endReceiver.mock.contexts.filter((each) => each === receiver)).toHaveLength(1);
  });

  it('lets the peer read the code of the server', async () => {
    await using sockets = await pair();
    const { client, peer } = sockets;
    const closed = Promise.all([once(client, 'close'), once(peer, 'close')]);
    client.close(3_000, 'revoked');
    const codes = (await closed).map(([code, reason]) => [code, String(reason)]);
    expect(codes).toEqual([
      [3_000, 'revoked'],
      [3_000, 'revoked'],
    ]);
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
    const endSocket = vi.spyOn(Socket.prototype, 'end');
    const closed = once(peer, 'close');
    client.on('error', () => undefined);
    (peer as unknown as { readonly _socket: Socket })._socket.write(Buffer.alloc(1_000_000, 0xff));
    expect((await closed)[0]).toBe(1_002);
    expect(endSocket.mock.contexts.filter((each) => each === socket)).not.toHaveLength(0);
  });

  it('tells who asks that it is too late', async () => {
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
    endQuickly({} as WebSocket, socket);
    socket.end();
    await once(socket, 'finish');
    expect(socket.end()).toBe(socket);
  });
});
