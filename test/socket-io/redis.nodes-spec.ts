import type { INestApplication } from '@nestjs/common';
import { createAdapter } from '@socket.io/redis-adapter';
import { createAdapter as createStreamsAdapter } from '@socket.io/redis-streams-adapter';
import { createClient } from 'redis';
import type { Server, ServerOptions } from 'socket.io';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromAuthorizationHeader, fromFirstMessage, fromQueryParam } from '../../lib/index.js';
import { redisWsAuthStore } from '../../lib/redis.js';
import { WsAuthIoAdapter } from '../../lib/socket-io.js';
import { RedisServer } from '../support/redis.js';
import { tokenOf } from '../support/tokens.js';
import { ioTransports, startIo, type IoApp, type IoTransport } from './support/io-app.js';
import { ChatGateway, RootGateway } from './support/io-gateways.js';
import { until } from './support/until.js';

type AdapterOf = Parameters<Server['adapter']>[0];

/** All that an application with an adapter of Redis writes. */
class RedisIoAdapter extends WsAuthIoAdapter {
  constructor(
    app: INestApplication,
    private readonly redis: AdapterOf,
    private readonly isLate: boolean,
  ) {
    super(app);
  }

  override createIOServer(port: number, options?: ServerOptions): Server {
    const server = super.createIOServer(port, options);
    if (this.isLate) {
      setImmediate(() => server.adapter(this.redis));
    } else {
      server.adapter(this.redis);
    }
    return server;
  }
}

/** Both adapters of Socket.IO, as their packages document it. */
const adapters: readonly [string, (client: unknown, subscriber: unknown) => AdapterOf][] = [
  ['@socket.io/redis-adapter', (client, subscriber) => createAdapter(client, subscriber)],
  ['@socket.io/redis-streams-adapter', (client) => createStreamsAdapter(client)],
];

let redis: RedisServer;
beforeAll(async () => {
  redis = await RedisServer.start();
});
afterAll(async () => {
  await Promise.all(cleanUps.splice(0).map((cleanUp) => cleanUp()));
  await redis[Symbol.asyncDispose]();
});

/** They wait for the commands of the adapters that are under way. */
const cleanUps: (() => Promise<void>)[] = [];

async function connectRedis() {
  const client = createClient({ url: redis.url });
  client.on('error', () => undefined);
  await client.connect();
  cleanUps.push(() => client.close());
  return client;
}

const ways = (token: string) =>
  [
    { auth: { token } },
    { query: { access_token: token } },
    { extraHeaders: { Authorization: `Bearer ${token}` } },
  ] as const;

describe.each(adapters)('8: two nodes with %s', (name, adapterOf) => {
  const credentials = [
    fromAuthorizationHeader({ schemes: ['Bearer'] }),
    fromQueryParam('access_token'),
    fromFirstMessage(),
  ];

  async function node(isLate = false): Promise<IoApp> {
    const [client, subscriber, store] = await Promise.all([
      connectRedis(),
      connectRedis(),
      connectRedis(),
    ]);
    const adapter = adapterOf(client, subscriber);
    return startIo(
      { credentials, store: redisWsAuthStore(store, { keyPrefix: name.replace(/\W/g, '-') }) },
      [RootGateway, ChatGateway],
      { prepare: (app) => app.useWebSocketAdapter(new RedisIoAdapter(app, adapter, isLate)) },
    );
  }

  let a: IoApp;
  let b: IoApp;
  beforeAll(async () => {
    [a, b] = await Promise.all([node(), node(true)]);
  });
  afterAll(async () => {
    await Promise.all([a[Symbol.asyncDispose](), b[Symbol.asyncDispose]()]);
    await Promise.all(cleanUps.splice(0).map((cleanUp) => cleanUp()));
  });

  it.each(ioTransports)(
    'broadcasts reach sessions on both, and no one else, by %s',
    async (transport) => {
      const client = await b.open(transport, { auth: { token: tokenOf('alice') } }).connected();
      const guest = b.open(transport);
      await guest.refused();
      const { server } = a.nest.get(RootGateway);
      // Nodes find each other by themselves, a little later.
      await until(() => {
        server.emit('news', 1);
        return client.records.some(({ event }) => event === 'news');
      });
      expect(guest.records.filter(({ event }) => event === 'news')).toEqual([]);
    },
  );

  it.each(ioTransports)(
    'a revocation on one ends the session on the other, by %s',
    async (transport: IoTransport) => {
      const user = `carol-${transport}`;
      const token = tokenOf(user);
      const client = await b.open(transport, { auth: { token } }).connected();
      await a.sessions.revoke({ userId: user });
      await expect(client.ended()).resolves.toEqual({ code: 3000, reason: 'revoked' });
      const again = b.open(transport, { auth: { token } });
      await expect(again.refused()).resolves.toMatchObject({ data: { reason: 'revoked' } });
    },
  );

  it.each(ioTransports)(
    'fetchSockets() on the other node holds no secret, by %s',
    async (transport) => {
      const token = tokenOf('dave');
      const clients = await Promise.all(
        ways(token).map((options) => a.open(transport, options).connected()),
      );
      const ids = clients.map(({ socket }) => socket.id);
      const { server } = b.nest.get(RootGateway);
      const sockets = await server.fetchSockets();
      const theirs = sockets.filter(({ id }) => ids.includes(id));
      expect(theirs).toHaveLength(3);
      const sent = JSON.stringify(
        theirs.map(({ handshake, data }) => ({ handshake, data: data as unknown })),
      );
      expect(sent).not.toContain(token);
      expect(sent).toContain('REDACTED');
      expect(sent).not.toContain('dave');
    },
  );
});

describe.each(ioTransports)(
  'a limit on the sessions of a user on all nodes, by %s',
  (transport) => {
    it('is that of both, and the end of a session on one makes room on the other', async () => {
      const node = async () => {
        const store = redisWsAuthStore(await connectRedis(), { keyPrefix: `leases-${transport}` });
        const limit = { maxSessionsPerUser: 1, sessionLimitScope: 'cluster' } as const;
        return startIo({ store, ...limit }, [RootGateway, ChatGateway]);
      };
      await using a = await node();
      await using b = await node();
      const auth = { token: tokenOf('alice') };
      const first = await a.open(transport, { auth }).connected();
      // One session, whatever the number of namespaces.
      await a.also(first, '/chat', auth).connected();
      await expect(b.open(transport, { auth }).refused()).resolves.toMatchObject({
        data: { code: 1013, reason: 'too many sessions' },
      });
      first[Symbol.dispose]();
      const enter = async () => {
        const client = b.open(transport, { auth });
        return Promise.race([
          client.connected().then(() => true),
          client.refused().then(() => false),
        ]);
      };
      // The lease is given back in the background.
      let entered = false;
      await until(() => a.sessions.count() === 0);
      while (!entered) {
        entered = await enter();
      }
      expect(b.sessions.count()).toBe(1);
    });
  },
);
