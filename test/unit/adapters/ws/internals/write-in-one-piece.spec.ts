import { once } from 'node:events';
import { Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { writeInOnePiece } from '../../../../../lib/adapters/ws/internals/write-in-one-piece.js';
import { webSocketPair } from '../../../support/web-socket-pair.js';

async function pair(perMessageDeflate = false) {
  const sockets = await webSocketPair({ perMessageDeflate });
  writeInOnePiece(sockets.client);
  return sockets;
}

/** Counts what a socket writes: one piece at a time, or several that the kernel gathers. */
function watchWrites(socket: unknown) {
  const one = vi.spyOn(Socket.prototype, '_write' as never);
  const several = vi.spyOn(Socket.prototype, '_writev' as never);
  const count = ({ mock }: { readonly mock: { readonly contexts: readonly unknown[] } }) =>
    mock.contexts.filter((each) => each === socket).length;
  return () => ({ one: count(one), several: count(several) });
}

const texts = ['x', 'ü€😀', '', 'y'.repeat(125), 'y'.repeat(126), 'z'.repeat(2_048)];

describe('writeInOnePiece', () => {
  afterEach(() => vi.restoreAllMocks());

  it.each(texts)('writes the text %j in one piece', async (text) => {
    await using sockets = await pair();
    const { client, peer, socket } = sockets;
    const writes = watchWrites(socket);
    const received = once(peer, 'message');
    const sent = new Promise<void>((resolve, reject) => {
      client.send(text, (error) => (error ? reject(error) : resolve()));
    });
    const [data, isBinary] = (await received) as [Buffer, boolean];
    await sent;
    expect([data.toString(), isBinary]).toEqual([text, false]);
    expect(writes()).toEqual({ one: 1, several: 0 });
  });

  it.each([1, 2_048, 2_049, 70_000])('sends %i bytes as they are', async (length) => {
    await using sockets = await pair();
    const bytes = Buffer.from(Array.from({ length }, (_none, index) => index % 251));
    const received = once(sockets.peer, 'message');
    sockets.client.send(bytes);
    const [data, isBinary] = (await received) as [Buffer, boolean];
    expect(isBinary).toBe(true);
    expect(data.equals(bytes)).toBe(true);
  });

  it('leaves a long frame in two pieces', async () => {
    await using sockets = await pair();
    const writes = watchWrites(sockets.socket);
    const received = once(sockets.peer, 'message');
    sockets.client.send('z'.repeat(2_049));
    await received;
    expect(writes()).toEqual({ one: 0, several: 1 });
  });

  it('keeps the order of short and long, compressed and not', async () => {
    await using sockets = await pair(true);
    const { client, peer } = sockets;
    const sent = [1, 5_000, 2, 100_000, 3].map((length) => 'm'.repeat(length));
    const received: number[] = [];
    const all = new Promise<void>((resolve) => {
      peer.on('message', (data: Buffer) => {
        received.push(data.length);
        if (received.length === sent.length) {
          resolve();
        }
      });
    });
    sent.forEach((text, index) => client.send(text, { compress: index % 2 === 0 }));
    await all;
    expect(received).toEqual(sent.map(({ length }) => length));
  });

  it('writes a close frame in one piece', async () => {
    await using sockets = await pair();
    const { client, peer, socket } = sockets;
    const writes = watchWrites(socket);
    const closed = once(peer, 'close');
    client.close(3_000, 'revoked');
    const [code, reason] = (await closed) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([3_000, 'revoked']);
    expect(writes()).toEqual({ one: 1, several: 0 });
  });

  it('leaves a sender that it does not know', () => {
    const client = { _sender: {} } as unknown as WebSocket;
    writeInOnePiece(client);
    writeInOnePiece({} as WebSocket);
    expect(client).toEqual({ _sender: {} });
  });
});
