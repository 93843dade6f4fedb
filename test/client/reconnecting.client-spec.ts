import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { queryParam, subprotocol } from '../../lib/client.js';
import { fromSubprotocol, WsAuthSessions, type WsAuthModuleOptions } from '../../lib/index.js';
import { startProtected, type TestApp } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { tokenOf } from '../support/tokens.js';
import { ObservedSocket } from './observed-socket.js';

const alice = () => tokenOf('alice');

/** What a page on another origin would connect with. */
class ForeignWebSocket extends WebSocket {
  constructor(url: string, protocols?: string[]) {
    super(url, protocols, { origin: 'http://elsewhere.example' });
  }
}

const startAgain = (app: TestApp, options: WsAuthModuleOptions = {}) =>
  startProtected(options, [], { port: app.port });

describe('a client whose server', () => {
  it('restarts, comes back by itself and sends what was queued meanwhile, in order', async () => {
    const first = await startProtected();
    await using client = new ObservedSocket(first.url(), { token: alice });
    await client.next('open');
    await first[Symbol.asyncDispose]();
    expect(await client.next('waiting')).toMatchObject({ code: 1001, failures: 1 });
    client.emit('echo', 1).emit('echo', 2);
    expect(client.socket.bufferedAmount).toBe(2 * '{"event":"echo","data":1}'.length);
    await using _second = await startAgain(first);
    await client.next('open');
    expect((await client.next('message')).data).toBe('{"event":"echo","data":1}');
    expect((await client.next('message')).data).toBe('{"event":"echo","data":2}');
    expect(client.socket.bufferedAmount).toBe(0);
  });

  it('is killed, comes back with a token of its own', async () => {
    await using app = await startProtected();
    let asked = 0;
    await using client = new ObservedSocket(app.url(), {
      token: () => tokenOf('alice', { jti: String((asked += 1)) }),
    });
    await client.next('open');
    app.nest.get(EchoGateway).connected[0]!.client.terminate();
    expect(await client.next('waiting')).toMatchObject({ code: 1006 });
    await client.next('open');
    expect(asked).toBe(2);
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
  });

  it('is not there yet, waits for it', async () => {
    const gone = await startProtected();
    await gone[Symbol.asyncDispose]();
    await using client = new ObservedSocket(gone.url(), { token: alice });
    expect(await client.next('waiting')).toMatchObject({ code: 1006, failures: 1 });
    await client.next('waiting');
    expect(client.socket).toMatchObject({ readyState: 0, session: undefined });
    await using _app = await startAgain(gone);
    await client.socket.authenticated;
  });

  it('does not answer, gives up on the connection and tries another', async () => {
    await using app = await startProtected();
    await using proxy = await TcpProxy.to(app.port);
    await using _witness = app.connectTo(`ws://127.0.0.1:${proxy.port}/`);
    await using client = new ObservedSocket(`ws://127.0.0.1:${proxy.port}/`, {
      token: alice,
      timeoutMs: 300,
    });
    await client.next('open');
    // A firewall forgets the connection: neither side notices.
    proxy.strandAllButFirst();
    client.socket.renew();
    expect(await client.next('waiting')).toMatchObject({ code: 1006, reason: 'no answer' });
    await client.next('open');
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
  });

  it('is full, waits', async () => {
    await using app = await startProtected({ maxPendingPerAddress: 1 });
    await using pending = await app.connect().opened();
    await using client = new ObservedSocket(app.url(), { token: alice });
    expect(await client.next('waiting')).toMatchObject({ reason: 'refused with 429' });
    await pending[Symbol.asyncDispose]();
    await client.next('open');
  });

  it('refuses its origin, stops', async () => {
    await using app = await startProtected({
      credentials: [fromSubprotocol()],
      allowedOrigins: 'https://app.example.com',
    });
    await using client = new ObservedSocket(app.url(), {
      token: alice,
      via: subprotocol(),
      WebSocket: ForeignWebSocket,
    });
    expect(await client.next('close')).toMatchObject({ code: 1006, reason: 'refused with 403' });
    expect(client.told).toEqual(['connecting', 'error', 'close']);
  });

  it('disconnects it, stops, and does not suggest a login', async () => {
    await using app = await startProtected();
    let unauthenticated = 0;
    await using client = new ObservedSocket(app.url(), {
      token: alice,
      onUnauthenticated: () => (unauthenticated += 1),
    });
    await client.next('open');
    app.nest.get(WsAuthSessions).disconnect({ userId: 'alice' });
    const { code, reason, wasClean } = await client.next('close');
    expect([code, reason, wasClean]).toEqual([1008, 'disconnected', true]);
    expect([client.socket.readyState, unauthenticated]).toEqual([3, 0]);
    client.socket.send('nobody hears this');
    client.socket.renew();
    client.socket.close();
    expect(client.told).toEqual(['connecting', 'authenticating', 'open', 'error', 'close']);
  });

  it('is done, closes without an error', async () => {
    await using app = await startProtected();
    await using client = new ObservedSocket(app.url(), { token: alice });
    await client.next('open');
    app.nest.get(EchoGateway).connected[0]!.client.close(1000, 'bye');
    expect(await client.next('close')).toMatchObject({ code: 1000, reason: 'bye', wasClean: true });
    expect(client.told).toEqual(['connecting', 'authenticating', 'open', 'close']);
  });

  it('revokes its session, asks for a new token when the second of the revocation is over', async () => {
    await using app = await startProtected();
    const asked: boolean[] = [];
    await using client = new ObservedSocket(app.url(), {
      token: ({ refused }) => {
        asked.push(refused);
        return alice();
      },
    });
    await client.next('open');
    await app.nest.get(WsAuthSessions).revoke({ userId: 'alice' });
    const waiting = await client.next('waiting');
    expect(waiting).toMatchObject({ code: 3000, reason: 'revoked' });
    expect(waiting.delayMs).toBeGreaterThanOrEqual(1_000);
    await client.next('open');
    expect(asked).toEqual([false, true]);
  });

  it('has other close codes, follows the actions that the application sets for them', async () => {
    await using app = await startProtected();
    await using client = new ObservedSocket(app.url(), {
      token: alice,
      closeActions: { 4001: 'backOff', 4002: 'newToken' },
    });
    const sessions = app.nest.get(WsAuthSessions);
    for (const code of [4001, 4002]) {
      await client.next('open');
      sessions.disconnect({ userId: 'alice' }, { code });
      expect(await client.next('waiting')).toMatchObject({ code });
    }
    await client.next('open');
    sessions.disconnect({ userId: 'alice' }, { code: 4003 });
    expect(await client.next('close')).toMatchObject({ code: 4003 });
  });
});

describe('a client that can never connect', () => {
  it('stops when the constructor throws, and does not reveal what it was given', async () => {
    const token = 'not/a/subprotocol==';
    await using client = new ObservedSocket('ws://127.0.0.1:9/', {
      token: () => token,
      via: subprotocol(),
    });
    expect(await client.next('close')).toMatchObject({ code: 1006, reason: 'no WebSocket' });
    await expect(client.socket.authenticated).rejects.toThrow('closed with 1006 no WebSocket');
    expect(client.seen.join('\n')).not.toContain(token);
  });

  it('stops after as many failures as it may have', async () => {
    const gone = await startProtected();
    await gone[Symbol.asyncDispose]();
    await using client = new ObservedSocket(gone.url(), {
      token: alice,
      via: queryParam(),
      maxFailures: 3,
    });
    await client.next('close');
    expect(client.told.filter((type) => type === 'waiting')).toHaveLength(2);
  });

  it('throws synchronously for an invalid URL', () => {
    expect(() => new ObservedSocket('not a url', { token: alice })).toThrow(TypeError);
  });

  it('does not wait for ever for a server that accepts connections and sends nothing', async () => {
    const sockets: Socket[] = [];
    const mute = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const { port } = mute.address() as AddressInfo;
    const options = { token: alice, timeoutMs: 50, maxFailures: 2 };
    await using client = new ObservedSocket(`ws://127.0.0.1:${port}/`, options);
    expect(await client.next('waiting')).toMatchObject({ reason: 'no answer' });
    expect(await client.next('close')).toMatchObject({ code: 1006, reason: 'no answer' });
    sockets.forEach((socket) => socket.destroy());
    await once(mute.close(), 'close');
  });
});
