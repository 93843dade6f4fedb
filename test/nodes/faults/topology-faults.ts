import { Cluster, Redis } from 'ioredis';
import { WsAuthSessions, type WsAuthStore } from '../../../lib/index.js';
import { redisWsAuthStore } from '../../../lib/redis.js';
import { startProtected, type TestApp } from '../../support/app.js';
import { patient } from '../../support/patience.js';
import type { RedisServer } from '../../support/redis.js';
import { primaryName, RedisSentinel } from '../../support/redis-sentinel.js';
import { bearer } from '../../support/tokens.js';
import { eventually } from '../eventually.js';
import { statusOf } from '../node.js';
import { judged, lifeOf, promptMs, tokens, type Fault, type Seen, type Stage } from './fault.js';

const promise =
  'while it lasts no revoked client is accepted; revocations after it are closed promptly, those before it hold';

function disposable<Client extends Redis | Cluster>(stage: Stage, client: Client): Client {
  client.on('error', () => undefined);
  stage.keep({ [Symbol.asyncDispose]: async () => client.disconnect() });
  return client;
}

const enters = async (app: TestApp, user: keyof typeof tokens) =>
  statusOf(app.connect('/', bearer(tokens[user])));

/** Two nodes, what was revoked before a failover, and what is revoked after it. */
async function acrossFailover(
  stage: Stage,
  connect: () => Redis | Cluster,
  failOver: () => Promise<unknown>,
): Promise<Seen> {
  const start = async () => {
    const client = disposable(stage, connect());
    await new Promise<void>((resolve) => client.once('ready', () => resolve()));
    const store: WsAuthStore = redisWsAuthStore(client, { commandTimeoutMs: patient(1_000) });
    return stage.keep(await startProtected({ store, onStoreLoss: 'keep' }));
  };
  const [a, b] = [await start(), await start()];
  const sessions = a.nest.get(WsAuthSessions);
  const victim = await b.connect('/', bearer(tokens.mallory)).opened();
  await sessions.revoke({ userId: 'before' });
  const beganAt = performance.now();
  await failOver();
  const recovered = async () => (await enters(b, 'alice')) === 101;
  await eventually(recovered, 'b accepts clients');
  const outageMs = Math.round(performance.now() - beganAt);
  await eventually(
    () =>
      sessions.revoke({ userId: 'mallory' }).then(
        () => true,
        () => false,
      ),
    'a revokes',
  );
  const life = await lifeOf(victim, promptMs);
  const statuses = [
    await enters(a, 'before'),
    await enters(b, 'before'),
    await enters(a, 'mallory'),
  ];
  return judged(life, promptMs, [
    [`revoked tokens ${statuses.join(', ')}`, statuses.every((status) => status === 401)],
    [`clients accepted again after ${outageMs} ms`, true],
  ]);
}

export const topologyFaults: readonly Fault[] = [
  {
    name: 'failover by Sentinel',
    promise,
    async run(stage) {
      const [primary, replica] = [await stage.redis(), await stage.redis()];
      await replica.command('REPLICAOF', '127.0.0.1', String(primary.port));
      const info = () => replicationOf(replica);
      await eventually(async () => (await info()).includes('master_link_status:up'), 'a replica');
      const { port } = stage.keep(await RedisSentinel.watch(primary));
      const sentinel = disposable(stage, new Redis(port, '127.0.0.1'));
      return acrossFailover(
        stage,
        () => new Redis({ sentinels: [{ host: '127.0.0.1', port }], name: primaryName }),
        async () => {
          // It knows the replica some seconds after it has begun to watch.
          await eventually(() => begins(sentinel), 'the failover begins');
          await eventually(async () => (await info()).includes('role:master'), 'a new primary');
          await primary.kill();
        },
      );
    },
  },
  {
    name: 'failover of a Cluster',
    promise,
    async run(stage) {
      const primary = await stage.redis({ cluster: true });
      const replica = await stage.redis({ cluster: true, empty: true });
      const id = bulkOf(await primary.command('CLUSTER', 'MYID'));
      await replica.command(
        'CLUSTER',
        'MEET',
        '127.0.0.1',
        String(primary.port),
        String(primary.busPort),
      );
      const replicates = async () =>
        (await replica.command('CLUSTER', 'REPLICATE', id)).startsWith('+OK');
      await eventually(replicates, 'the nodes know each other');
      const info = () => replicationOf(replica);
      await eventually(async () => (await info()).includes('master_link_status:up'), 'a replica');
      return acrossFailover(
        stage,
        () =>
          new Cluster(
            [primary, replica].map(({ port }) => ({ host: '127.0.0.1', port })),
            { clusterRetryStrategy: () => 100 },
          ),
        async () => {
          await replica.command('CLUSTER', 'FAILOVER', 'TAKEOVER');
          await eventually(async () => (await info()).includes('role:master'), 'a new primary');
          await primary.kill();
        },
      );
    },
  },
];

function begins(sentinel: Redis): Promise<boolean> {
  return sentinel.call('SENTINEL', 'FAILOVER', primaryName).then(
    () => true,
    () => false,
  );
}

/** Empty while the server ends the connections of its clients, as a failover does. */
function replicationOf(server: RedisServer): Promise<string> {
  return server.command('INFO', 'replication').catch(() => '');
}

function bulkOf(reply: string): string {
  return reply.split('\r\n')[1] ?? '';
}
