import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { WsTestClient, type WsTestClientOptions } from '../../../lib/testing.js';

/** A plain server whose side of the connection the test drives. */
class Peer implements AsyncDisposable {
  readonly #server = new WebSocketServer({ port: 0, host: '127.0.0.1' });

  async connect(
    options?: WsTestClientOptions,
  ): Promise<{ client: WsTestClient; socket: WebSocket }> {
    const connected = once(this.#server, 'connection') as Promise<[WebSocket]>;
    const client = new WsTestClient(await this.url(), options);
    const [socket] = await connected;
    await client.opened();
    return { client, socket };
  }

  async url(): Promise<string> {
    if (this.#server.address() === null) {
      await once(this.#server, 'listening');
    }
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.clients.forEach((client) => client.terminate());
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

describe('a test client', () => {
  it('keeps frames that came before anybody asked, in order', async () => {
    await using peer = new Peer();
    const { client, socket } = await peer.connect();
    ['1', '2', '3'].forEach((text) => socket.send(text));
    await client.barrier();
    expect(client.unread).toEqual(['1', '2', '3']);
    expect([await client.next(), await client.next()]).toEqual(['1', '2']);
    expect(client.unread).toEqual(['3']);
  });

  it('passes frames to its callers, in the order of their calls', async () => {
    await using peer = new Peer();
    const { client, socket } = await peer.connect();
    const both = Promise.all([client.next(), client.next()]);
    socket.send('1');
    socket.send('2');
    expect(await both).toEqual(['1', '2']);
  });

  it('reads binary frames byte by byte', async () => {
    await using peer = new Peer();
    const { client, socket } = await peer.connect();
    socket.send(Buffer.from([0xff, 0x00]));
    expect([...(await client.nextBytes())]).toEqual([0xff, 0x00]);
  });

  it('can still be read when the socket has closed, and then states how it did', async () => {
    await using peer = new Peer();
    const { client, socket } = await peer.connect();
    socket.send('last');
    socket.close(3000, 'revoked');
    expect(await client.closed()).toEqual({ code: 3000, reason: 'revoked' });
    expect(await client.next()).toBe('last');
    await expect(client.next()).rejects.toThrow('closed with 3000 revoked');
  });

  it('reports that a frame is not a message of a gateway', async () => {
    await using peer = new Peer();
    const { client, socket } = await peer.connect();
    socket.send('hello');
    await expect(client.nextEvent()).rejects.toThrow(
      'expected a message { event, data }, got hello',
    );
  });

  it('names what it has waited for in vain, and where', async () => {
    await using peer = new Peer();
    const { client, socket } = await peer.connect({ timeoutMs: 20 });
    const late = await client.next().catch((error: unknown) => error as Error);
    expect(late).toMatchObject({ message: 'a frame did not come within 20 ms' });
    expect((late as Error).stack).toContain('test-client.e2e-spec');
    await expect(client.closed()).rejects.toThrow(
      'the end of the socket did not come within 20 ms',
    );
    await expect(client.refusal()).rejects.toThrow('a refusal did not come within 20 ms');
    socket.send('after all');
    await client.barrier();
    expect(client.unread).toEqual(['after all']);
  });

  it('cuts its connection when it is disposed of, and is never late afterwards', async () => {
    await using peer = new Peer();
    const { client, socket } = await peer.connect({ timeoutMs: 50 });
    const closed = once(socket, 'close');
    const waiting = client.next();
    await client[Symbol.asyncDispose]();
    await expect(waiting).rejects.toThrow('closed with 1006');
    await closed;
  });
});
