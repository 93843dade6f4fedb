import { createClient } from 'redis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { redisWsAuthStore } from '../../lib/redis.js';
import { bootError, startProtected, type TestApp } from '../support/app.js';
import {
  fromAuthorizationHeader,
  fromQueryParam,
  MemoryWsAuthStore,
  WsAuthConfigurationError,
  WsAuthModule,
  WsAuthStoreError,
  type WsAuthModuleOptions,
  type WsAuthStore,
} from '../../lib/index.js';
import { RedisServer } from '../support/redis.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { bearer, tokenOf } from '../support/tokens.js';
import type { TestClient } from '../support/client.js';
import { eventually, within } from './eventually.js';
import { startNode, statusOf, type NodeOptions, type TestNode } from './node.js';
import { packages, storeOn, type RedisPackage } from './redis-clients.js';
import { patient, patienceMs } from '../support/patience.js';

const inFlight = 100;
const ticketsInQuery: WsAuthModuleOptions = {
  credentials: [fromAuthorizationHeader(), fromQueryParam('ticket', { strategy: 'ws-ticket' })],
  // Longer than a server takes to come back on a busy machine.
  tickets: { ttlMs: 300_000 },
};

let server: RedisServer;
const rejections: unknown[] = [];
const remember = (reason: unknown) => rejections.push(reason);

beforeEach(async () => {
  server = await RedisServer.start({ persistent: true });
  process.on('unhandledRejection', remember);
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  process.off('unhandledRejection', remember);
  expect(rejections).toEqual([]);
});

function node(options: NodeOptions = {}, url = server.url): Promise<TestNode> {
  return startNode(url, options);
}

function knocks(on: TestNode): TestClient[] {
  return Array.from({ length: inFlight }, (_, index) => on.knock(tokenOf(`user ${index}`)));
}

describe.each(packages)('Redis goes, with %s', (name: RedisPackage) => {
  it('RD-04 gives each of 100 authentications in flight one outcome, 503, when Redis is killed', async () => {
    await using a = await node({ package: name, redis: { commandTimeoutMs: 60_000 } });
    server.freeze();
    const clients = knocks(a);
    await eventually(() => a.count('authenticating') === inFlight, 'all are under way');
    await server.kill();
    const statuses = await within(patienceMs, Promise.all(clients.map(statusOf)), 'all are told');
    expect(new Set(statuses)).toEqual(new Set([503]));
    expect(a.count('refused')).toBe(inFlight);
    expect(a.count('authenticated')).toBe(0);
    expect(a.sessions.count()).toBe(0);
  });

  it('RD-04 gives each one outcome also when it dies in the middle of its answers', async () => {
    await using a = await node({ package: name, onStoreLoss: 'keep' });
    const clients = knocks(a);
    await eventually(() => a.count('authenticated') > 0, 'the first are in');
    await server.kill();
    const statuses = await within(patienceMs, Promise.all(clients.map(statusOf)), 'all are told');
    const admitted = statuses.filter((status) => status === 101).length;
    expect(new Set([...statuses, 101, 503])).toEqual(new Set([101, 503]));
    expect(a.count('refused')).toBe(inFlight - admitted);
    expect(a.count('authenticated')).toBe(admitted);
    expect(a.sessions.count()).toBe(admitted);
  });

  it('RD-01 starts while Redis is down, accepts no client, and becomes ready with Redis', async () => {
    await server.kill();
    await using a = await node({ package: name });
    expect(a.health.isReady()).toBe(false);
    expect(a.health.check('ws-auth')).toEqual({ 'ws-auth': { status: 'down' } });
    const { status, headers, body } = await a.knock(tokenOf('alice')).refusal();
    expect({ status, body, again: headers['retry-after'] }).toEqual({
      status: 503,
      body: expect.stringContaining('authentication unavailable'),
      again: '1',
    });
    await server.restart();
    await eventually(() => a.health.isReady(), 'the node is ready');
    expect(a.health.check('ws-auth')).toEqual({ 'ws-auth': { status: 'up' } });
    expect(await a.statusOf()).toBe(101);
  });

  it('RD-02 refuses with 503 and Retry-After while Redis is down, also a ticket and a first message', async () => {
    await using a = await node({ package: name });
    const waiting = await a.app.connect().opened();
    const client = await a.enter('alice');
    await server.kill();
    const { status, headers } = await a.knock(tokenOf('alice')).refusal();
    expect([status, headers['retry-after']]).toEqual([503, '1']);
    waiting.emit('authenticate', { token: tokenOf('alice') });
    expect(await waiting.closed()).toEqual({ code: 1013, reason: 'authentication unavailable' });
    await expect(a.tickets.issue({ id: 'alice' })).rejects.toThrow(WsAuthStoreError);
    expect(await client.ask('echo', 'alive')).toBe('alive');
  });

  it('RD-02 refuses within the time of a command when Redis is silent', async () => {
    await using a = await node({ package: name, redis: { commandTimeoutMs: 200 } });
    const startedAt = performance.now();
    server.freeze();
    expect(await a.statusOf()).toBe(503);
    expect(performance.now() - startedAt).toBeGreaterThan(150);
    await expect(a.tickets.issue({ id: 'alice' })).rejects.toThrow('redis did not answer in time');
    await expect(a.sessions.revoke({ userId: 'alice' })).rejects.toThrow(WsAuthStoreError);
    server.thaw();
    await eventually(() => a.health.isReady(), 'the node is ready again');
    expect(await a.statusOf(tokenOf('bob'))).toBe(101);
  });

  it('lets a strategy of tickets refuse with 503, and 401 again once Redis is back', async () => {
    await using a = await node({ package: name, ...ticketsInQuery });
    const { ticket } = await a.tickets.issue({ id: 'alice' });
    const path = `/?ticket=${ticket}`;
    await server.kill();
    const { status, headers } = await a.app.connect(path).refusal();
    expect([status, headers['retry-after']]).toEqual([503, '1']);
    await eventually(() => !a.health.isReady(), 'the node notices');
    await server.restart();
    await eventually(() => a.health.isReady(), 'the node is ready');
    await a.app.connect(path).opened();
    expect((await a.app.connect(path).refusal()).status).toBe(401);
  });
});

describe('a node that has lost its store', () => {
  it('closes its sessions with 1013 after maxStalenessMs, and accepts clients again afterwards', async () => {
    const maxStalenessMs = patient(1_500);
    await using a = await node({ maxStalenessMs });
    const client = await a.enter('alice');
    const startedAt = performance.now();
    await server.kill();
    expect(await client.ask('echo', 'alive')).toBe('alive');
    const closed = await within(patienceMs, client.closed(), 'the session closes');
    expect(closed).toEqual({ code: 1013, reason: 'authentication unavailable' });
    expect(performance.now() - startedAt).toBeGreaterThan(maxStalenessMs / 3);
    expect(a.health.isReady()).toBe(false);
    await server.restart();
    await eventually(() => a.health.isReady(), 'the node is ready again');
    expect(await a.statusOf()).toBe(101);
  });

  it('loses it a second time as well', async () => {
    await using proxy = await TcpProxy.to(server.port);
    await using a = await node({ maxStalenessMs: patient(600) }, proxy.url);
    for (let round = 0; round < 2; round += 1) {
      await eventually(() => a.health.isReady(), 'the node is ready');
      const client = await a.enter('alice');
      proxy.cut();
      const { code } = await within(patienceMs, client.closed(), 'the session closes');
      expect(code).toBe(1013);
      proxy.mend();
    }
  });

  it("keeps its sessions with onStoreLoss: 'keep', accepts no client, and catches up afterwards", async () => {
    await using proxy = await TcpProxy.to(server.port);
    await using a = await node({ maxStalenessMs: patient(300), onStoreLoss: 'keep' }, proxy.url);
    await using b = await node();
    const [alice, bob] = [await a.enter('alice'), await a.enter('bob')];
    proxy.cut();
    await eventually(async () => (await a.statusOf()) === 503, 'nobody is let in');
    await b.sessions.revoke({ userId: 'alice' });
    await eventually(() => !a.health.isReady(), 'the node is not ready');
    expect(await alice.ask('echo', 'alive')).toBe('alive');
    proxy.mend();
    const { code } = await within(patienceMs, alice.closed(), 'alice is out');
    expect(code).toBe(3000);
    expect(await bob.ask('echo', 'alive')).toBe('alive');
  });

  it('RD-08 honours authTimeoutMs and maxPending while Redis is slow, and tries nothing twice', async () => {
    await using a = await node({
      authTimeoutMs: patient(300),
      maxPending: 5,
      redis: { commandTimeoutMs: 60_000 },
    });
    server.freeze();
    const clients = Array.from({ length: 10 }, () => a.knock(tokenOf('alice')));
    const bodies = await Promise.all(clients.map((client) => client.refusal()));
    expect(bodies.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 503));
    const overloaded = bodies.filter(({ body }) => body.includes('too many pending connections'));
    expect(overloaded).toHaveLength(5);
    expect(a.count('refused')).toBe(10);
    server.thaw();
    await eventually(async () => (await a.statusOf()) === 101, 'clients are let in');
    expect(a.count('authenticated')).toBe(1);
  });

  it('RD-09 survives a client without a listener for errors, and logs once that its store is gone', async () => {
    const client = createClient({ url: server.url, socket: { reconnectStrategy: 20 } });
    await client.connect();
    const lines: string[] = [];
    const write = (line: unknown) => lines.push(String(line));
    await using own = await startNodeWithLogger(redisWsAuthStore(client), write);
    await server.kill();
    let errors = 0;
    client.on('error', () => (errors += 1));
    await eventually(() => errors > 10, 'Redis is missed again and again');
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const { status } = await own.connect('/', bearer()).refusal();
      expect(status).toBe(503);
    }
    const told = () => lines.filter((line) => line.includes('the store does not answer'));
    await eventually(() => told().length > 0, 'the node says so');
    const errorsBefore = errors;
    await eventually(() => errors > errorsBefore + 10, 'Redis is missed on and on');
    expect(told()).toHaveLength(1);
    expect(lines.filter((line) => line.includes('ERR_WS_AUTH'))).toEqual([]);
    client.destroy();
  });

  it('RD-11 accepts no client whose revocation cannot be read', async () => {
    await using a = await node({ redis: { keyPrefix: 'garbage' } });
    const values = ['', ' ', 'garbage', '{"v":2}', '0x10', 'NaN', '1 2', '\u0000'];
    for (const value of values) {
      await server.command('SET', key('user', 'alice'), value);
      expect(await a.statusOf(tokenOf('alice')), JSON.stringify(value)).toBe(401);
    }
    await server.command('DEL', key('user', 'alice'));
    expect(await a.statusOf(tokenOf('alice'))).toBe(101);
    for (const kind of ['user', 'token', 'everybody']) {
      const id = { user: 'alice', token: 'one', everybody: '' }[kind]!;
      await server.command('LPUSH', key(kind, id), 'a list');
      expect(await a.statusOf(tokenOf('alice', { jti: 'one' })), kind).toBe(503);
      await server.command('DEL', key(kind, id));
    }
  });

  it('RD-11 accepts no client whose ticket cannot be read', async () => {
    await using a = await node({ ...ticketsInQuery, redis: { keyPrefix: 'garbage' } });
    const { store } = a.client;
    const issued = async () => {
      const [before, { ticket }] = [await keys(), await a.tickets.issue({ id: 'alice' })];
      const [at] = (await keys()).filter((each) => !before.includes(each));
      return { ticket, at: at! };
    };
    const keys = async () =>
      ((await a.client.command('KEYS', '{garbage}:ticket:*')) as string[]).map(String);
    const payloads = [
      '',
      'garbage',
      '{garbage}:tickets-of:x {',
      '{garbage}:tickets-of:x {"v":2}',
      '{garbage}:tickets-of:x {"user":"alice","info":{},"bound":{}}',
      '{garbage}:tickets-of:x {"user":{"id":"alice"},"info":{},"bound":{"sessionId":5}}',
    ];
    for (const payload of payloads) {
      const { ticket, at } = await issued();
      await server.command('SET', at, payload);
      expect((await a.app.connect(`/?ticket=${ticket}`).refusal()).status, payload).toBe(401);
    }
    const { ticket, at } = await issued();
    await server.command('DEL', at);
    await server.command('LPUSH', at, 'a list');
    expect((await a.app.connect(`/?ticket=${ticket}`).refusal()).status).toBe(503);
    expect(await store.takeTicket('nobody')).toBeUndefined();
  });

  it('RD-11 accepts no client while the key of the stream holds another type', async () => {
    await server.command('SET', '{spoilt}:revocations', 'no stream');
    await using a = await node({ redis: { keyPrefix: 'spoilt' } });
    expect(a.health.isReady()).toBe(false);
    expect(await a.statusOf()).toBe(503);
    await server.command('DEL', '{spoilt}:revocations');
    expect(await a.statusOf()).toBe(101);
    await eventually(() => a.health.isReady(), 'the node is ready');
  });
});

describe('configuration', () => {
  it.each([
    [{ onStoreLoss: 'open' as 'keep' }, 'onStoreLoss'],
    [{ maxStalenessMs: 99 }, 'maxStalenessMs'],
    [{ maxStalenessMs: Number.POSITIVE_INFINITY }, 'maxStalenessMs'],
    [{ store: {} as MemoryWsAuthStore }, 'store'],
    [{ sessionLimitScope: 'everywhere' as 'node' }, 'sessionLimitScope'],
    [{ tickets: { ttlMs: 999 } }, 'tickets.ttlMs'],
    [{ tickets: { ttlMs: 300_001 } }, 'tickets.ttlMs'],
    [{ tickets: { maxPerUser: 0 } }, 'tickets.maxPerUser'],
    [{ tickets: { maxTotal: 0 } }, 'tickets.maxTotal'],
  ] satisfies [WsAuthModuleOptions, string][])('refuses to boot with %o', async (options, name) => {
    const store = new MemoryWsAuthStore();
    const imports = [WsAuthModule.forRoot({ strategy: 'jwt', store, ...options })];
    const error = await bootError({ imports });
    expect(error).toBeInstanceOf(WsAuthConfigurationError);
    expect(error.message).toContain(`${name}: expected`);
  });

  it('refuses to boot where the limit on sessions is common and the store is not', async () => {
    const imports = [WsAuthModule.forRoot({ strategy: 'jwt', sessionLimitScope: 'cluster' })];
    const error = await bootError({ imports });
    expect(error).toBeInstanceOf(WsAuthConfigurationError);
    expect(error.message).toContain("sessionLimitScope: 'cluster' needs a store");
  });

  it('refuses what is not a client, a prefix that could name other keys, and a time-out out of bounds', async () => {
    await using client = await storeOn('redis', server.url);
    expect(client.store).toBeDefined();
    const made = createClient({ url: server.url });
    const odd = [undefined, null, {}, 'redis://127.0.0.1', new Map()] as unknown[];
    for (const value of odd) {
      expect(() => redisWsAuthStore(value as typeof made)).toThrow(WsAuthConfigurationError);
    }
    for (const keyPrefix of ['', 'a b', '{a}', '*', 'a}b']) {
      expect(() => redisWsAuthStore(made, { keyPrefix })).toThrow('keyPrefix: expected');
    }
    for (const commandTimeoutMs of [9, 60_001, 10.5]) {
      expect(() => redisWsAuthStore(made, { commandTimeoutMs })).toThrow('commandTimeoutMs');
    }
  });
});

function key(kind: string, id: string): string {
  return `{garbage}:${kind}:${Buffer.from(id).toString('base64url')}`;
}

function startNodeWithLogger(store: WsAuthStore, write: (line: unknown) => void): Promise<TestApp> {
  const logger = { log: write, error: write, warn: write };
  return startProtected({ store }, [], { logger });
}
