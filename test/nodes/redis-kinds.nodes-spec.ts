import { randomUUID } from 'node:crypto';
import { Cluster, Redis } from 'ioredis';
import { createCluster, createSentinel } from 'redis';
import { afterEach, describe, expect, it } from 'vitest';
import { WsAuthSessions, WsTickets } from '../../lib/index.js';
import { redisWsAuthStore, type WsAuthRedisClient } from '../../lib/redis.js';
import { startProtected } from '../support/app.js';
import { patienceMs } from '../support/patience.js';
import { RedisSentinel, primaryName } from '../support/redis-sentinel.js';
import { RedisServer } from '../support/redis.js';
import { bearer, tokenOf } from '../support/tokens.js';
import { within } from './eventually.js';
import { statusOf } from './node.js';

const strategy = ['jwt', 'ws-ticket'];

const stack = new Set<AsyncDisposable>();
afterEach(async () => {
  for (const each of [...stack].toReversed()) {
    await each[Symbol.asyncDispose]();
  }
  stack.clear();
});

function keep<Resource extends AsyncDisposable>(resource: Resource): Resource {
  stack.add(resource);
  return resource;
}

/** A client, and how it is closed. */
interface Made {
  readonly client: WsAuthRedisClient;
  readonly close: () => unknown;
}

const kinds: readonly [string, () => Promise<Made>][] = [
  [
    'createCluster() of node-redis',
    async () => {
      const { url } = keep(await RedisServer.start({ cluster: true }));
      const client = createCluster({ rootNodes: [{ url }] });
      client.on('error', () => undefined);
      await client.connect();
      return { client, close: () => client.destroy() };
    },
  ],
  [
    'createSentinel() of node-redis',
    async () => {
      const server = keep(await RedisServer.start());
      const { port } = keep(await RedisSentinel.watch(server));
      const client = createSentinel({
        name: primaryName,
        sentinelRootNodes: [{ host: '127.0.0.1', port }],
      });
      client.on('error', () => undefined);
      await client.connect();
      return { client, close: () => client.destroy() };
    },
  ],
  [
    'new Redis({ sentinels }) of ioredis',
    async () => {
      const server = keep(await RedisServer.start());
      const { port } = keep(await RedisSentinel.watch(server));
      const client = new Redis({ sentinels: [{ host: '127.0.0.1', port }], name: primaryName });
      client.on('error', () => undefined);
      await new Promise<void>((resolve) => client.once('ready', () => resolve()));
      return { client, close: () => client.disconnect() };
    },
  ],
  [
    'new Redis({ lazyConnect }) of ioredis, which connects with its first command',
    async () => {
      const { url } = keep(await RedisServer.start());
      const client = new Redis(url, { lazyConnect: true });
      client.on('error', () => undefined);
      return { client, close: () => client.disconnect() };
    },
  ],
  [
    'new Cluster({ lazyConnect }) of ioredis',
    async () => {
      const { port } = keep(await RedisServer.start({ cluster: true }));
      const client = new Cluster([{ host: '127.0.0.1', port }], { lazyConnect: true });
      client.on('error', () => undefined);
      return { client, close: () => client.disconnect() };
    },
  ],
];

describe.each(kinds)('nodes with %s', (_name, make) => {
  it('D7: accept clients, take tickets once, and end the sessions that another node revokes', async () => {
    const keyPrefix = `test-${randomUUID()}`;
    const { client, close } = await make();
    keep({ [Symbol.asyncDispose]: async () => void (await close()) });
    const start = async () => {
      const store = redisWsAuthStore(client, { keyPrefix, commandTimeoutMs: 20_000 });
      return keep(await startProtected({ store, tickets: {}, strategy, maxStalenessMs: 600_000 }));
    };
    const [a, b] = [await start(), await start()];
    const alice = await b.connect('/', bearer(tokenOf('alice'))).opened();
    const { ticket } = await a.nest.get(WsTickets).issue({ id: 'bob' });
    expect(await statusOf(b.connect('/', bearer(ticket)))).toBe(101);
    expect(await statusOf(b.connect('/', bearer(ticket)))).toBe(401);
    await a.nest.get(WsAuthSessions).revoke({ userId: 'alice' });
    expect(await within(patienceMs, alice.closed(), 'the session ends')).toEqual({
      code: 3000,
      reason: 'revoked',
    });
  });
});
