import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { Socket, type AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { endOnce } from '../../../lib/adapters/end-once.js';

/** Both ends of a WebSocket, and the socket of the server. */
async function pair() {
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const peer = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
  const [client, { socket }] = (await once(server, 'connection')) as [WebSocket, IncomingMessage];
  await once(peer, 'open');
  endOnce(client, socket);
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

describe('endOnce', () => {
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
    const endSocket = vi.spyOn(Socket.prototype, 'end');
    const endReceiver = vi.spyOn(Writable.prototype, 'end');
    peer.close();
    await once(client, 'close');
    expect(endSocket.mock.contexts.filter((each) => each === socket)).toHaveLength(1);
    expect(endReceiver.mock.contexts.filter((each) => each === receiver)).toHaveLength(1);
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
    endOnce({} as WebSocket, socket);
    socket.end();
    await once(socket, 'finish');
    expect(socket.end()).toBe(socket);
  });
});
