import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WsAuthEvents } from '../../lib/index.js';
import { DeferredStrategy } from '../support/deferred-strategy.js';
import { customStrategy } from '../support/strategies.js';
import { tokenOf } from '../support/tokens.js';
import { ioTransports, startIo, type IoApp } from './support/io-app.js';
import { ChatGateway, NewsGateway, RootGateway } from './support/io-gateways.js';
import { RawPolling, RawWebSocket } from './support/raw-io.js';
import { until } from './support/until.js';

const inSeconds = (seconds: number) => Math.ceil(Date.now() / 1_000) + seconds;

/** Keeps the event loop busy until the wall clock has passed an instant. */
function blockUntil(instant: number): void {
  while (Date.now() <= instant) {
    // Nothing else may run meanwhile.
  }
}

describe.each(ioTransports)('a session, by %s', (transport) => {
  let app: IoApp;
  beforeAll(async () => {
    app = await startIo({}, [RootGateway, ChatGateway, NewsGateway]);
  });
  afterAll(() => app[Symbol.asyncDispose]());

  it('6: ends with its token: no broadcast and no event passes after it, in no namespace', async () => {
    const exp = inSeconds(1);
    const token = tokenOf('alice', { exp });
    const client = await app.open(transport, { auth: { token } }).connected();
    const chat = await app.also(client, '/chat', { token }).connected();
    const news = await app.also(client, '/news', { token }).connected();
    const gateway = app.nest.get(RootGateway);
    const { length } = gateway.handled;
    client.socket.emit('echo', 'too late');
    blockUntil(exp * 1_000);
    gateway.server.emit('secret', 1);
    app.nest.get(ChatGateway).server.emit('secret', 2);
    for (const each of [client, chat, news]) {
      await expect(each.ended()).resolves.toEqual({ code: 3000, reason: 'token expired' });
      await expect(each.disconnected()).resolves.toBe('io server disconnect');
      expect(each.records.filter(({ event }) => event === 'secret')).toEqual([]);
    }
    expect(gateway.handled.slice(length)).not.toContain('too late');
  });

  it('7: is renewed by an event with an acknowledgement, and keeps its id', async () => {
    const exp = inSeconds(2);
    const token = tokenOf('alice', { exp });
    const client = await app.open(transport, { auth: { token } }).connected();
    const seen: unknown[] = [];
    const gateway = app.nest.get(RootGateway);
    const socket = gateway.connected.find(({ id }) => id === client.socket.id)!;
    socket.onAny((...args: unknown[]) => seen.push(args));
    const before = (await client.ask('whoami')) as { readonly id: string };
    const next = tokenOf('alice', { exp: exp + 3_600 });
    await expect(client.ask('authenticate', { token: next })).resolves.toEqual({
      expiresAt: (exp + 3_600) * 1_000,
    });
    await expect(client.next('authenticated')).resolves.toEqual([{ expiresAt: exp * 1_000 }]);
    await expect(client.next('authenticated')).resolves.toEqual([
      { expiresAt: (exp + 3_600) * 1_000 },
    ]);
    blockUntil(exp * 1_000);
    await expect(client.ask('whoami')).resolves.toMatchObject({ id: before.id });
    expect(JSON.stringify(seen)).not.toContain(next);
    expect(seen.map((args) => (args as unknown[])[0])).toEqual(['whoami', 'whoami']);
  });

  it('is renewed by three namespaces simultaneously', async () => {
    const token = tokenOf('alice');
    const client = await app.open(transport, { auth: { token } }).connected();
    const chat = await app.also(client, '/chat', { token }).connected();
    const news = await app.also(client, '/news', { token }).connected();
    const renewed = await Promise.all(
      [client, chat, news].map((each, index) =>
        each.ask('authenticate', { token: tokenOf('alice', { jti: String(index) }) }),
      ),
    );
    expect(renewed).toHaveLength(3);
    await expect(news.ask('whoami')).resolves.toMatchObject({ user: 'alice' });
  });

  it('K9b: ends by a token that has renewed it before, if the strategy refuses it now', async () => {
    const verdict = vi.fn<() => object | false>().mockReturnValue({ id: 'alice' });
    await using judged = await startIo({ strategy: 'judging' }, [
      RootGateway,
      customStrategy('judging', verdict),
    ]);
    const auth = { token: 'first' };
    const client = await judged.open(transport, { auth }).connected();
    const renew = () => client.ask('authenticate', { token: 'second' });
    await expect(renew()).resolves.toEqual({ expiresAt: null });
    await expect(renew()).resolves.toEqual({ expiresAt: null });
    expect(verdict).toHaveBeenCalledTimes(2);
    const later = performance.now() + 10_001;
    using _clock = vi.spyOn(performance, 'now').mockImplementation(() => later);
    verdict.mockReturnValue(false);
    await expect(renew()).resolves.toMatchObject({ code: 3000 });
    await expect(client.ended()).resolves.toMatchObject({ code: 3000 });
  });

  it('ends by disconnect(), with the code and reason of the application', async () => {
    const client = await app.open(transport, { auth: { token: tokenOf('dave') } }).connected();
    app.sessions.disconnect({ userId: 'dave' }, { code: 4001, reason: 'banned' });
    await expect(client.ended()).resolves.toEqual({ code: 4001, reason: 'banned' });
    await expect(client.disconnected()).resolves.toBe('io server disconnect');
  });

  it('reports its events once, whatever the number of namespaces', async () => {
    const events = app.nest.get(WsAuthEvents, { strict: false });
    const seen: string[] = [];
    const offs = [
      events.on('authenticated', ({ userId }) => seen.push(`authenticated ${userId}`)),
      events.on(
        'disconnected',
        ({ userId }) => userId === 'erin' && seen.push('disconnected erin'),
      ),
    ];
    const token = tokenOf('erin');
    const client = await app.open(transport, { auth: { token } }).connected();
    await app.also(client, '/chat', { token }).connected();
    client[Symbol.dispose]();
    await until(
      () => seen.length === 2,
      () => seen,
    );
    expect(seen).toEqual(['authenticated erin', 'disconnected erin']);
    offs.forEach((off) => off());
  });

  it('handles no event that comes after the one that has ended it', async () => {
    const gateway = app.nest.get(RootGateway);
    const token = tokenOf('frank');
    const handled: unknown[] = [];
    const off = () => gateway.server.off('connection', listen);
    const listen = (socket: { on: (event: string, run: (data: unknown) => void) => unknown }) => {
      socket.on('last', () => app.sessions.disconnect({ userId: 'frank' }));
      socket.on('next', (data) => handled.push(data));
    };
    gateway.server.on('connection', listen);
    const client = await app.open(transport, { auth: { token } }).connected();
    client.socket.emit('last');
    client.socket.emit('next', 1);
    client.socket.emit('next', 2);
    await client.ended();
    expect(handled).toEqual([]);
    off();
  });
});

describe.each(ioTransports)('2: what clients send early, by %s', (transport) => {
  it('fifty official clients with ten events each: all handled, in order, with their user', async () => {
    const strategy = new DeferredStrategy();
    await using app = await startIo({ strategy: 'deferred' }, [RootGateway, strategy.provider]);
    const clients = Array.from({ length: 50 }, (_, index) => {
      const client = app.open(transport, { auth: { token: tokenOf(`u${index}`) } });
      for (let each = 0; each < 10; each += 1) {
        client.socket.emit('echo', [index, each]);
      }
      return client;
    });
    const gateway = app.nest.get(RootGateway);
    await strategy.asked(50);
    expect(gateway.handled).toEqual([]);
    for (let index = 0; index < 50; index += 1) {
      strategy.decide({ id: `user ${index}` });
    }
    await until(
      () => gateway.handled.length === 500,
      () => gateway.handled.length,
    );
    expect(gateway.unauthenticated).toEqual([]);
    for (let index = 0; index < 50; index += 1) {
      const ofClient = (gateway.handled as number[][]).filter(([client]) => client === index);
      expect(ofClient.map(([, each]) => each)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
    expect(clients).toHaveLength(50);
  });
});

describe('raw clients', () => {
  it('2: that send events with their CONNECT packet reach no handler, and are closed', async () => {
    await using app = await startIo({}, [RootGateway]);
    const connect = `40${JSON.stringify({ token: tokenOf('mallory') })}`;
    const clients = await Promise.all(
      Array.from({ length: 200 }, () => new RawWebSocket(app.url).opened()),
    );
    clients.forEach((client) =>
      client.send(connect, ...Array.from({ length: 5 }, () => '42["echo","early"]')),
    );
    await Promise.all(clients.map(({ closed }) => closed));
    const gateway = app.nest.get(RootGateway);
    expect(gateway.handled).toEqual([]);
    expect(gateway.connected.length).toBe(0);
    await until(
      () => app.pending === 0,
      () => app.pending,
    );
  });

  it('3: that send many CONNECT packets have one session, or none', async () => {
    await using app = await startIo({}, [RootGateway]);
    const connect = `40${JSON.stringify({ token: tokenOf('mallory') })}`;
    const client = await new RawWebSocket(app.url).opened();
    client.send(...Array.from({ length: 200 }, () => connect));
    await client.closed;
    expect(app.sessions.count()).toBe(0);
    const polling = await RawPolling.open(app.url);
    await polling.send(Array.from({ length: 200 }, () => `0${JSON.stringify({ token: 'x' })}`));
    await until(
      () => app.pending === 0,
      () => app.pending,
    );
    const { connected, server } = app.nest.get(RootGateway);
    expect(connected.length).toBeLessThan(2);
    const { _preConnectSockets: kept } = server.of('/') as unknown as {
      _preConnectSockets: Map<string, unknown>;
    };
    expect(kept.size).toBe(0);
  });
});
