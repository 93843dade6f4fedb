import type { TestClient } from '../../support/client.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { eventually, within } from '../eventually.js';
import type { TestNode } from '../node.js';
import {
  judged,
  lifeOf,
  maxStalenessMs,
  promptMs,
  tokens,
  type Fault,
  type Seen,
  type Stage,
} from './fault.js';

const stream = '{ws-auth}:revocations';
const promptly = `closed within ${promptMs} ms`;
const stale = `closed within ${maxStalenessMs} ms, new clients 503`;
/** A reading that fails is noticed at the latest with the next one. */
const staleBoundMs = maxStalenessMs + promptMs;

/** Whether a token is refused on these nodes as revoked. */
async function refused(nodes: readonly TestNode[], token: string, status = 401) {
  const statuses = await Promise.all(nodes.map((node) => node.statusOf(token)));
  return [`token ${statuses.join(', ')}`, statuses.every((each) => each === status)] as const;
}

/** Whether a session of another user goes on. */
async function goesOn(client: TestClient) {
  const holds = await within(promptMs, client.ask('echo', 'on'), 'an answer').then(
    (answer) => answer === 'on',
    () => false,
  );
  return [`others ${holds ? 'go on' : 'ended'}`, holds] as const;
}

/** A session on B that A revokes after the store has changed. */
function revokedAfter(name: string, command: readonly string[]): Fault {
  return {
    name,
    promise: `the next revocation is ${promptly}`,
    async run(stage) {
      const server = await stage.redis();
      const [a, b] = [await stage.node(server.url), await stage.node(server.url)];
      const [victim, good] = [await b.knock(tokens.mallory).opened(), await b.enter('alice')];
      await a.sessions.revoke({ userId: 'before' });
      await eventually(async () => (await b.statusOf(tokens.before)) === 401, 'b has read it');
      await server.command(...command);
      await a.sessions.revoke({ userId: 'mallory' });
      const life = await lifeOf(victim, promptMs);
      const token = await refused([a, b], tokens.mallory);
      const earlier = await b.statusOf(tokens.before);
      return judged(life, promptMs, [
        token,
        [`revoked before: ${earlier}`, earlier === 401],
        await goesOn(good),
      ]);
    },
  };
}

/** A Redis that answers and cannot be trusted: all nodes refuse, and end their sessions. */
function refusesAll(name: string, ...command: readonly string[]): Fault {
  return {
    name,
    promise: `all sessions ${stale}`,
    async run(stage) {
      const server = await stage.redis();
      const b = await stage.node(server.url);
      const client = await b.knock(tokens.mallory).opened();
      await server.command('DEL', stream);
      await server.command(...command);
      const life = await lifeOf(client, staleBoundMs);
      return judged(life, staleBoundMs, [await refused([b], tokens.alice, 503)]);
    },
  };
}

/** A node that reaches Redis through a proxy, and one that reaches it directly. */
async function behindProxy(stage: Stage) {
  const server = await stage.redis();
  const proxy = stage.keep(await TcpProxy.to(server.port));
  return { proxy, a: await stage.node(server.url), b: await stage.node(proxy.url) };
}

async function cutOff(stage: Stage): Promise<Seen> {
  const { proxy, a, b } = await behindProxy(stage);
  const victim = await b.knock(tokens.mallory).opened();
  proxy.cut();
  await a.sessions.revoke({ userId: 'mallory' });
  const life = await lifeOf(victim, staleBoundMs);
  const unavailable = await refused([b], tokens.alice, 503);
  proxy.mend();
  await eventually(() => b.health.isReady(), 'b is back');
  return judged(life, staleBoundMs, [unavailable, await refused([a, b], tokens.mallory)]);
}

export const storeFaults: readonly Fault[] = [
  revokedAfter('none', ['PING']),
  revokedAfter('stream trimmed to nothing', ['XTRIM', stream, 'MAXLEN', '0']),
  revokedAfter('stream deleted', ['DEL', stream]),
  refusesAll('stream is a string', 'SET', stream, 'text'),
  refusesAll('primary without its replicas', 'CONFIG', 'SET', 'min-replicas-to-write', '1'),
  refusesAll('primary that has become a replica', 'REPLICAOF', '127.0.0.1', '1'),
  { name: 'a node that does not reach Redis', promise: stale, run: cutOff },
  {
    name: 'stream silent, commands answered',
    promise: `closed within ${maxStalenessMs} ms`,
    async run(stage) {
      const { proxy, a, b } = await behindProxy(stage);
      const victim = await b.knock(tokens.mallory).opened();
      proxy.strandAllButFirst();
      await a.sessions.revoke({ userId: 'mallory' });
      const life = await lifeOf(victim, staleBoundMs);
      return judged(life, staleBoundMs, [await refused([a, b], tokens.mallory)]);
    },
  },
  {
    name: 'Redis frozen',
    promise: `all sessions ${stale}`,
    async run(stage) {
      const server = await stage.redis();
      const b = await stage.node(server.url);
      const client = await b.knock(tokens.mallory).opened();
      server.freeze();
      const life = await lifeOf(client, staleBoundMs);
      const seen = judged(life, staleBoundMs, [await refused([b], tokens.alice, 503)]);
      server.thaw();
      return seen;
    },
  },
  {
    name: 'Redis killed, and started again with its data',
    promise: `closed within ${maxStalenessMs} ms; revocations are kept; nodes are ready again, also one that starts later`,
    async run(stage) {
      const server = await stage.redis({ persistent: true });
      const [a, b] = [await stage.node(server.url), await stage.node(server.url)];
      const victim = await b.knock(tokens.mallory).opened();
      await a.sessions.revoke({ userId: 'mallory' });
      await server.kill();
      // What B had not read by then it can read no more, and ends all sessions in time.
      const life = await lifeOf(victim, staleBoundMs);
      await server.restart();
      const next = await stage.node(server.url);
      const ready = () => [a, b, next].every(({ health }) => health.isReady());
      await eventually(ready, 'all are ready');
      return judged(life, staleBoundMs, [
        await refused([a, b, next], tokens.mallory),
        await refused([a, b, next], tokens.alice, 101),
      ]);
    },
  },
  {
    name: 'Redis full (`noeviction`)',
    promise: '`revoke()` rejects, its own node ends the session; clients are accepted',
    async run(stage) {
      const server = await stage.redis();
      const a = await stage.node(server.url);
      const victim = await a.knock(tokens.mallory).opened();
      await server.command('CONFIG', 'SET', 'maxmemory', '1');
      const rejected = await a.sessions.revoke({ userId: 'mallory' }).then(
        () => false,
        () => true,
      );
      const life = await lifeOf(victim, promptMs);
      return judged(life, promptMs, [
        [`revoke() ${rejected ? 'rejects' : 'resolves'}`, rejected],
        await refused([a], tokens.alice, 101),
      ]);
    },
  },
];
