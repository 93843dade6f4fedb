import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { createClient, createClientPool } from 'redis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { redisWsAuthStore } from '../../lib/redis.js';
import { anonymousProof } from '../../lib/sessions/proof.js';
import type { WsAuthRedisClient } from '../../lib/redis.js';
import { startProtected } from '../support/app.js';
import { patient, patienceMs } from '../support/patience.js';
import { RedisServer } from '../support/redis.js';
import { tokenOf } from '../support/tokens.js';
import { eventually, within } from './eventually.js';
import type { WsAuthSession } from '../../lib/index.js';
import { startNode, type NodeOptions, type TestNode } from './node.js';
import { packages } from './redis-clients.js';
import { RevocationLedger } from '../../lib/sessions/revocation-ledger.js';

const unavailable = { code: 1013, reason: 'authentication unavailable' };
const revoked = { code: 3000, reason: 'revoked' };

let server: RedisServer;
let keyPrefix: string;
beforeEach(async () => {
  server = await RedisServer.start();
  keyPrefix = `test-${randomUUID()}`;
});
afterEach(() => server[Symbol.asyncDispose]());

function node(options: NodeOptions = {}): Promise<TestNode> {
  return startNode(server.url, { redis: { keyPrefix }, ...options });
}

const stream = () => `{${keyPrefix}}:revocations`;

/** Ways in which a Redis takes no more writes, although it answers. */
const faults: readonly [string, readonly string[], readonly string[]][] = [
  [
    'has lost its replicas',
    ['CONFIG', 'SET', 'min-replicas-to-write', '1'],
    ['CONFIG', 'SET', 'min-replicas-to-write', '0'],
  ],
  ['has become a replica', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']],
];

describe.each(packages)('a Redis that answers and takes no writes, with %s', (name) => {
  it.each(faults)(
    'D4: accepts no client while it %s, and ends sessions',
    async (_, cause, cure) => {
      await using a = await node({ package: name, maxStalenessMs: patient(1_000) });
      const client = await a.enter('alice');
      await server.command(...cause);
      expect(await a.statusOf()).toBe(503);
      await eventually(() => !a.health.isReady(), 'the node notices');
      expect(await within(patienceMs, client.closed(), 'the session ends')).toEqual(unavailable);
      await server.command(...cure);
      await eventually(() => a.health.isReady(), 'the node is ready again');
      expect(await a.statusOf()).toBe(101);
    },
  );
});

it('D4: a full Redis still accepts clients, since nothing was lost', async () => {
  await using a = await node();
  await server.command('CONFIG', 'SET', 'maxmemory', '1');
  expect(await a.statusOf()).toBe(101);
  await expect(a.sessions.revoke({ userId: 'alice' })).rejects.toMatchObject({
    code: 'ERR_WS_AUTH_STORE_UNAVAILABLE',
  });
});

/** Writes that a Redis refuses although it answers questions, and what makes it take them again. */
const refusals: readonly [string, (id: string) => string[], (id: string) => string[]][] = [
  ['is full', () => ['CONFIG', 'SET', 'maxmemory', '1'], () => ['CONFIG', 'SET', 'maxmemory', '0']],
  [
    'has one unreadable key',
    (id) => ['RPUSH', `{${keyPrefix}}:token:${Buffer.from(id).toString('base64url')}`, 'other'],
    (id) => ['DEL', `{${keyPrefix}}:token:${Buffer.from(id).toString('base64url')}`],
  ],
];

describe('a Redis that answers and refuses some writes', () => {
  it.each(refusals)(
    'costs no session but those that are revoked while it %s, and receives their tokens afterwards',
    async (_, cause, cure) => {
      const maxStalenessMs = patient(1_000);
      await using a = await node({ maxStalenessMs });
      await using b = await node({ maxStalenessMs });
      // An issuer that is ahead: only the token itself is refused.
      const iat = Math.floor(Date.now() / 1_000) + 30;
      const token = tokenOf('mallory', { jti: 'the token', iat });
      const [victim, other] = [await a.knock(token).opened(), await a.enter('alice')];
      await server.command(...cause('the token'));
      await expect(a.sessions.revoke({ userId: 'mallory' })).rejects.toThrow();
      expect(await victim.closed()).toEqual(revoked);
      const revokedAt = performance.now();
      const isOver = () => performance.now() - revokedAt > 3 * maxStalenessMs;
      await eventually(isOver, 'several readings', 10 * maxStalenessMs);
      expect(await other.ask('echo', 1)).toBe(1);
      expect([a.health.isReady(), await a.statusOf()]).toEqual([true, 101]);
      await server.command(...cure('the token'));
      await eventually(async () => (await b.statusOf(token)) === 401, 'the token is published');
    },
  );
});

const ancient = (userId: string) => ({
  session: { userId } as WsAuthSession,
  proof: { ...anonymousProof, issuedAt: 1 },
});

/** Puts a stream in place of another, in one step: two entries, each at its time. */
const replaceStream = `
redis.call('DEL', KEYS[1])
redis.call('XADD', KEYS[1], ARGV[1], 'revocation', ARGV[2])
redis.call('XADD', KEYS[1], ARGV[3], 'revocation', ARGV[4])
return 1`;

function entryOf(id: string): string {
  return JSON.stringify({ kind: 'user', id, before: Date.now(), rememberMs: 60_000 });
}

it.each([
  ['what looks older', -10_000],
  ['what has the id of the one that was lost', 0],
])(
  'D6: reads everything when the last entry it has read was lost, also %s',
  async (_, differenceMs) => {
    await using a = await node({ maxStalenessMs: patient(1_000) });
    const clients = [await a.enter('before'), await a.enter('after')];
    const instant = Date.now() + 20_000;
    await server.command('XADD', stream(), `${instant}-0`, 'revocation', entryOf('bob'));
    await eventually(
      () => a.app.nest.get(RevocationLedger).isRevoked(ancient('bob')),
      'the entry is read',
    );
    const [before, after] = [`${instant + differenceMs}-0`, `${instant + 10_000}-0`];
    const entries = [before, entryOf('before'), after, entryOf('after')];
    await server.command('EVAL', replaceStream, '1', stream(), ...entries);
    for (const client of clients) {
      expect(await within(patienceMs, client.closed(), 'the session ends')).toEqual(revoked);
    }
  },
);

it('D10: accepts no client from the moment the stream is of another type', async () => {
  await using a = await node({ maxStalenessMs: 600_000 });
  await server.command('SET', stream(), 'text');
  expect(await a.statusOf(tokenOf('alice'))).toBe(503);
  await server.command('DEL', stream());
  expect(await a.statusOf(tokenOf('alice'))).toBe(101);
});

it('D7: refuses a pool of node-redis, and names what to use instead', () => {
  const pool = createClientPool({ url: 'redis://127.0.0.1:1' });
  expect(() => redisWsAuthStore(pool as unknown as WsAuthRedisClient)).toThrow(
    /expected a client.*createCluster\(\).*ioredis/,
  );
});

it('D9: follows the stream on one connection also without an offline queue', async () => {
  const client = createClient({ url: server.url, disableOfflineQueue: true });
  client.on('error', () => undefined);
  await client.connect();
  await using app = await startProtected({ store: redisWsAuthStore(client, { keyPrefix }) });
  await eventually(
    async () => (await server.command('CLIENT', 'LIST')).includes('cmd=xread'),
    'the node waits for entries',
  );
  await app[Symbol.asyncDispose]();
  client.destroy();
});

async function readsSoFar(): Promise<number> {
  const stats = await server.command('INFO', 'commandstats');
  return Number(/cmdstat_xread:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

/** Clients that give up a command, or a silent connection, sooner than a read waits for an entry. */
const impatient: readonly [string, (url: string) => Promise<ImpatientClient>][] = [
  [
    'socketTimeout of node-redis',
    async (url) => {
      const client = createClient({ url, socket: { socketTimeout: 700, reconnectStrategy: 50 } });
      client.on('error', () => undefined);
      await client.connect();
      return { client, close: () => client.destroy() };
    },
  ],
  [
    'socketTimeout of ioredis',
    (url) => {
      const client = new Redis(url, { socketTimeout: 700, retryStrategy: () => 50 });
      client.on('error', () => undefined);
      return Promise.resolve({ client, close: () => client.disconnect() });
    },
  ],
  [
    'commandTimeout of ioredis',
    (url) => {
      const client = new Redis(url, { commandTimeout: 700, retryStrategy: () => 50 });
      client.on('error', () => undefined);
      return Promise.resolve({ client, close: () => client.disconnect() });
    },
  ],
];

interface ImpatientClient {
  readonly client: WsAuthRedisClient;
  readonly close: () => void;
}

describe('a client whose own time limit is shorter than a read waits', () => {
  it.each(impatient)('D9: waits for as long as %s permits, on one connection', async (_, make) => {
    const { client, close } = await make(server.url);
    const store = redisWsAuthStore(client, { keyPrefix, commandTimeoutMs: 10_000 });
    // Called for each connection that begins or is lost, and never between.
    let calls = 0;
    const unwatch = store.watch(() => (calls += 1));
    await eventually(async () => {
      const [before, reads] = [calls, await readsSoFar()];
      await eventually(async () => (await readsSoFar()) > reads + 3, 'three more reads');
      return calls === before;
    }, 'reads follow one another on one connection');
    await unwatch();
    close();
  });
});

describe.each(packages)('the readiness of a node, with %s', (name) => {
  it('D11: ends with the first authentication that fails, also where nothing is to be read for long', async () => {
    await using a = await node({ package: name, maxStalenessMs: 600_000 });
    const waits = async () => (await server.command('CLIENT', 'LIST')).includes('cmd=xread');
    await eventually(waits, 'the node waits for entries');
    // Redis still answers the connection that waits.
    await server.command('CONFIG', 'SET', 'min-replicas-to-write', '1');
    expect(a.health.isReady()).toBe(true);
    expect(await a.statusOf()).toBe(503);
    await eventually(() => !a.health.isReady(), 'the node is not ready');
    await server.command('CONFIG', 'SET', 'min-replicas-to-write', '0');
    await eventually(() => a.health.isReady(), 'the node is ready again');
  });

  it('D11: ends with the connection, before any client comes', async () => {
    await using a = await node({ package: name, maxStalenessMs: 600_000 });
    await server.kill();
    await eventually(() => !a.health.isReady(), 'the node is not ready');
    await server.restart();
    await eventually(() => a.health.isReady(), 'the node is ready again');
  });
});
