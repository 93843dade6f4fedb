import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect as connectTcp, createServer, type AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { authenticate } from 'nestjs-ws-auth/socket.io-client';
import { io } from 'socket.io-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WsAuthHealth, WsAuthSessions, type WsAuthModuleOptions } from '../../lib/index.js';
import { ObservedSocket } from '../client/observed-socket.js';
import { startGraphql } from '../graphql/graphql-app.js';
import { Subscriber } from '../graphql/graphql-client.js';
import { startIo } from '../socket-io/support/io-app.js';
import { RootGateway } from '../socket-io/support/io-gateways.js';
import { startProtected } from '../support/app.js';
import { patient, patienceMs } from '../support/patience.js';
import { RedisServer } from '../support/redis.js';
import { tokenOf } from '../support/tokens.js';
import { eventually, within } from './eventually.js';
import { startNode, type NodeOptions } from './node.js';
import { storeOn } from './redis-clients.js';

interface Started extends AsyncDisposable {
  readonly port: number;
  readonly nest: INestApplication;
}

/** How nodes and clients of one transport are made. */
interface Kind {
  /** Where its upgrades go, and the subprotocol that they offer. */
  readonly path: string;
  readonly protocol?: string;
  start(options: WsAuthModuleOptions): Promise<Started>;
  /** A client that connects again by itself. */
  open(port: number, user: string): AsyncDisposable;
}

const kinds: readonly (readonly [string, Kind])[] = [
  [
    'ws',
    {
      path: '/',
      start: (options) => startProtected(options),
      open: (port, user) =>
        new ObservedSocket(`ws://127.0.0.1:${port}/`, { token: () => tokenOf(user) }),
    },
  ],
  [
    'Socket.IO',
    {
      path: '/socket.io/?EIO=4&transport=websocket',
      start: (options) => startIo(options, [RootGateway]),
      open(port, user) {
        const settings = { forceNew: true, reconnectionDelay: 10, reconnectionDelayMax: 50 };
        const socket = io(`http://127.0.0.1:${port}`, { ...settings, transports: ['websocket'] });
        authenticate(socket, { token: () => tokenOf(user) });
        return { [Symbol.asyncDispose]: async () => void socket.disconnect() };
      },
    },
  ],
  [
    'graphql-ws',
    {
      path: '/graphql',
      protocol: 'graphql-transport-ws',
      async start(module) {
        const { app } = await startGraphql({ module });
        return app;
      },
      open(port, user) {
        const app = { url: (path = '/') => `ws://127.0.0.1:${port}${path}` };
        const subscriber = new Subscriber(app as never, {
          connectionParams: { token: tokenOf(user) },
          retryAttempts: Number.POSITIVE_INFINITY,
          shouldRetry: () => true,
          retryWait: () => Promise.resolve(),
        });
        void subscriber.subscribe();
        return subscriber;
      },
    },
  ],
];

let server: RedisServer;
let keyPrefix: string;
let disposables: AsyncDisposable[];
let clients: AsyncDisposable[];
beforeEach(async () => {
  server = await RedisServer.start();
  keyPrefix = `test-${randomUUID()}`;
  disposables = [];
  clients = [];
});
afterEach(async () => {
  // Clients first, since they would connect again.
  for (const each of [...clients, ...disposables.toReversed()]) {
    await each[Symbol.asyncDispose]();
  }
  await server[Symbol.asyncDispose]();
});

function use<Disposable extends AsyncDisposable>(disposable: Disposable): Disposable {
  disposables.push(disposable);
  return disposable;
}

interface Node {
  readonly port: number;
  readonly sessions: WsAuthSessions;
  readonly health: WsAuthHealth;
  readonly connections: Set<object>;
}

async function startOne(kind: Kind): Promise<Node> {
  const { store } = use(await storeOn('redis', server.url, { keyPrefix }));
  const { port, nest } = use(await kind.start({ store, presence: true }));
  const sessions = nest.get<WsAuthSessions>(WsAuthSessions);
  return { port, sessions, health: nest.get(WsAuthHealth), connections: new Set() };
}

/** Like `least_conn` of nginx, among the nodes that are ready. */
async function balance(nodes: () => readonly Node[]): Promise<number> {
  const balancer = createServer((near) => {
    near.on('error', () => undefined);
    const [node] = nodes()
      .filter(({ health }) => health.isReady())
      .toSorted((one, other) => one.connections.size - other.connections.size);
    if (!node) {
      near.destroy();
      return;
    }
    const far = connectTcp(node.port, '127.0.0.1').on('error', () => undefined);
    node.connections.add(far);
    far.on('close', () => {
      node.connections.delete(far);
      near.destroy();
    });
    near.on('close', () => far.destroy());
    near.pipe(far).pipe(near);
  }).listen(0, '127.0.0.1');
  await once(balancer, 'listening');
  use({ [Symbol.asyncDispose]: async () => void balancer.close() });
  return (balancer.address() as AddressInfo).port;
}

/** What a node answers to an upgrade that it refuses. */
async function refusalOf(port: number, { path, protocol }: Kind) {
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': Buffer.alloc(16).toString('base64'),
    authorization: `Bearer ${tokenOf('alice')}`,
    ...(protocol !== undefined && { 'sec-websocket-protocol': protocol }),
  };
  const request = get({ port, path, headers });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  return [response.statusCode, response.headers['retry-after']];
}

const users = Array.from({ length: 10 }, (_, index) => `user ${index}`);
const counts = (nodes: readonly Node[]) => nodes.map(({ sessions }) => sessions.count());

/** Whether each user has exactly one session, on whichever node. */
function isEach(nodes: readonly Node[]): boolean {
  const ids = nodes.flatMap(({ sessions }) => [...sessions].map(({ userId }) => String(userId)));
  return ids.toSorted().join() === users.toSorted().join();
}

describe.each(kinds)('clients of two nodes, by %s', (_name, kind) => {
  it('leave a node that drains for the other one', async () => {
    const nodes = [await startOne(kind)];
    const port = await balance(() => nodes);
    clients = users.map((user) => kind.open(port, user));
    await eventually(() => isEach(nodes), 'all have entered');
    nodes.push(await startOne(kind));
    const [a, b] = nodes as [Node, Node];
    expect(await a.sessions.drain({ overMs: patient(1_000), batch: 3 })).toBe(users.length);
    await eventually(() => b.sessions.count() === users.length, 'all have entered again');
    expect(counts(nodes)).toEqual([0, users.length]);
    expect(isEach(nodes)).toBe(true);
  });

  it('are level on both once the fuller one has rebalanced, after the other has restarted', async () => {
    const nodes = [await startOne(kind)];
    const port = await balance(() => nodes);
    clients = users.map((user) => kind.open(port, user));
    await eventually(() => isEach(nodes), 'all have entered');
    nodes.push(await startOne(kind));
    const [a] = nodes as [Node, Node];
    const pace = { overMs: patient(1_000), batch: 2 };
    // The second node is known to the first a moment after it has started.
    let moved = 0;
    await eventually(async () => (moved = await a.sessions.rebalance(pace)) > 0, 'it is known');
    expect(moved).toBe(5);
    await eventually(() => isEach(nodes), 'all have entered again');
    expect(counts(nodes)).toEqual([5, 5]);
    expect(await Promise.all(nodes.map(({ sessions }) => sessions.rebalance(pace)))).toEqual([
      0, 0,
    ]);
    expect(counts(nodes)).toEqual([5, 5]);
  });
});

describe.each(kinds)('a node with clients by %s', (_name, kind) => {
  it('is not ready while it drains, and refuses upgrades with 503 and Retry-After', async () => {
    const node = await startOne(kind);
    clients = [kind.open(node.port, 'alice')];
    await eventually(() => node.sessions.count() === 1, 'a session');
    const drained = node.sessions.drain({ overMs: patient(1_000) });
    expect(node.health.isReady()).toBe(false);
    const refusal = await within(patienceMs, refusalOf(node.port, kind), 'a refusal');
    expect(refusal).toEqual([503, expect.stringMatching(/^\d+$/)]);
    expect(await drained).toBe(1);
  });

  it('lists and disconnects the sessions that a user has on all nodes in one call', async () => {
    const nodes = [await startOne(kind), await startOne(kind)];
    const [a, b] = nodes as [Node, Node];
    clients = nodes.map(({ port }) => kind.open(port, 'alice'));
    const count = () => a.sessions.countCluster('alice');
    await eventually(async () => (await count()) === 2, 'both are known');
    const { sessions: known } = await b.sessions.listCluster('alice');
    expect(new Set(known.map(({ node }) => node)).size).toBe(2);
    const former = known.map(({ id }) => id);
    const isOver = ({ sessions }: Node) => [...sessions].every(({ id }) => !former.includes(id));
    expect(await a.sessions.disconnect({ userId: 'alice' }, { scope: 'cluster' })).toBe(1);
    await eventually(() => nodes.every(isOver), 'both have ended');
  });
});

const start = (options: NodeOptions) =>
  startNode(server.url, { redis: { keyPrefix }, presence: true, ...options });

describe('a node that rebalances', () => {
  it('ends a session that another node revokes although its client has received the notice', async () => {
    await using a = await start({});
    const entered = [await a.enter('alice'), await a.enter('bob'), await a.enter('carol')];
    await using b = await start({});
    const rebalanced = eventually(
      async () => (await a.sessions.rebalance({ overMs: 10_000 })) > 0,
      'b is known',
    );
    expect(JSON.parse(await entered[0]!.next())).toMatchObject({ event: 'draining' });
    await b.sessions.revoke({ userId: 'alice' });
    expect(await within(patienceMs, entered[0]!.closed(), 'the session ends')).toEqual({
      code: 3000,
      reason: 'revoked',
    });
    expect(await a.statusOf(tokenOf('alice', { iat: Math.floor(Date.now() / 1_000) - 60 }))).toBe(
      401,
    );
    await rebalanced;
    expect(await entered[2]!.ask('echo', 'still here')).toBe('still here');
  });

  it('accepts clients meanwhile, is ready, and gives the place of a session back with its notice', async () => {
    const limit = {
      maxSessionsPerUser: 1,
      onLimit: 'refuse',
      sessionLimitScope: 'cluster',
    } as const;
    await using a = await start(limit);
    const first = await a.enter('alice');
    await a.enter('bob');
    await using b = await start(limit);
    expect(await b.statusOf(tokenOf('alice'))).toBe(429);
    const rebalanced = eventually(
      async () => (await a.sessions.rebalance({ overMs: 4_000 })) === 1,
      'b is known',
    );
    expect(JSON.parse(await first.next())).toMatchObject({ event: 'draining' });
    await eventually(async () => (await b.statusOf(tokenOf('alice'))) === 101, 'a place');
    expect(a.health.isReady()).toBe(true);
    expect(await a.statusOf(tokenOf('carol'))).toBe(101);
    expect(await first.closed()).toEqual({ code: 1001, reason: 'server shutting down' });
    await rebalanced;
  });

  it('refuses without presence, and names what it needs', async () => {
    await using a = await start({ presence: false });
    await expect(a.sessions.rebalance({ overMs: 0 })).rejects.toThrow(/rebalance: .* store/);
  });

  it('rejects while the store does not answer, and ends no session', async () => {
    await using a = await start({ onStoreLoss: 'keep' });
    const client = await a.enter('alice');
    await server.kill();
    await expect(a.sessions.rebalance({ overMs: 0 })).rejects.toThrow();
    expect(await client.ask('echo', 1)).toBe(1);
  });
});
