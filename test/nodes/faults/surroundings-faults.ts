import { vi } from 'vitest';
import { useFakeClock } from '../../support/clocks.js';
import type { RedisServer } from '../../support/redis.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { tokenOf } from '../../support/tokens.js';
import { eventually } from '../eventually.js';
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

const promptly = `closed within ${promptMs} ms`;
/** A reading that fails is noticed at the latest with the next one. */
const staleBoundMs = maxStalenessMs + promptMs;

type Check = readonly [text: string, holds: boolean];

async function statuses(
  what: string,
  nodes: readonly TestNode[],
  token: string,
  expected: number,
): Promise<Check> {
  const all = await Promise.all(nodes.map((node) => node.statusOf(token)));
  return [`${what} ${all.join(', ')}`, all.every((each) => each === expected)];
}

/** Sessions of one user, each with a token of its own. */
const crowdSize = 200;

/** Whether a session outlives the revocation of a user with many sessions, whose tokens are published one by one. */
async function afterCrowd(a: TestNode, b: TestNode): Promise<Check> {
  const other = await b.enter('alice');
  const names = Array.from({ length: crowdSize }, (_, index) => `crowd ${index}`);
  const crowd = await Promise.all(names.map((jti) => b.enter('crowd', { jti })));
  const closed = Promise.all(crowd.map((client) => client.closed()));
  await a.sessions.revoke({ userId: 'crowd' });
  await closed;
  const closedAt = performance.now();
  const isOver = () => performance.now() - closedAt > 2 * maxStalenessMs;
  await eventually(isOver, 'the others could have ended', 4 * maxStalenessMs);
  const goesOn = await other.ask('echo', 'on').then(
    (answer) => answer === 'on',
    () => false,
  );
  const text = goesOn ? 'others go on' : 'others ended';
  return [`${crowdSize} sessions of one user revoked: ${text}`, goesOn];
}

function latency(roundTripMs: number): Fault {
  return {
    name: `a store with a latency of ${roundTripMs} ms`,
    promise: `revoked sessions are ${promptly}; a user with ${crowdSize} sessions costs no other session`,
    async run(stage) {
      const server = await stage.redis();
      const start = async () => {
        const proxy = stage.keep(await TcpProxy.to(server.port));
        proxy.delayMs = roundTripMs / 2;
        return stage.node(proxy.url);
      };
      const [a, b] = [await start(), await start()];
      const beganAt = performance.now();
      const victim = await b.knock(tokens.mallory).opened();
      const enteredMs = Math.round(performance.now() - beganAt);
      await a.sessions.revoke({ userId: 'mallory' });
      const life = await lifeOf(victim, promptMs);
      return judged(life, promptMs, [
        await statuses('token', [a, b], tokens.mallory, 401),
        [`a client is accepted after ${enteredMs} ms`, true],
        await afterCrowd(a, b),
      ]);
    },
  };
}

/** Fills Redis until it has evicted what it holds of a user. */
async function evict(server: RedisServer, userId: string): Promise<number> {
  const key = `{ws-auth}:user:${Buffer.from(userId).toString('base64url')}`;
  const [, used = '0'] = /used_memory:(\d+)/.exec(await server.command('INFO', 'memory')) ?? [];
  await server.command('CONFIG', 'SET', 'maxmemory', String(Number(used) + 2_000_000));
  const filler = 'x'.repeat(50_000);
  let written = 0;
  while ((await server.command('EXISTS', key)).startsWith(':1')) {
    written += 1;
    await server.command('SET', `filler ${written}`, filler);
  }
  return written;
}

async function evicted(stage: Stage): Promise<Seen> {
  const server = await stage.redis();
  await server.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  const [a, b] = [await stage.node(server.url), await stage.node(server.url)];
  const victim = await b.knock(tokens.mallory).opened();
  await a.sessions.revoke({ userId: 'before' });
  await eventually(async () => (await b.statusOf(tokens.before)) === 401, 'b has read it');
  const written = await evict(server, 'before');
  const later = await stage.node(server.url);
  const known = await statuses('revoked before:', [a, b], tokens.before, 401);
  const forgotten = await later.statusOf(tokens.before);
  const advice = await b.client.store.advice?.();
  const warns = advice?.some((each) => each.includes('maxmemory-policy noeviction')) ?? false;
  await a.sessions.revoke({ userId: 'mallory' });
  const life = await lifeOf(victim, promptMs);
  return judged(life, promptMs, [
    [`evicted after ${written} other keys`, true],
    known,
    [`on a node that has started later: ${forgotten}`, true],
    [warns ? 'warned of at boot' : 'no warning at boot', warns],
  ]);
}

/** A primary that another one has replaced, and a node that still asks it. */
async function split(stage: Stage): Promise<Seen> {
  const [primary, replica] = [await stage.redis(), await stage.redis()];
  await replica.command('REPLICAOF', '127.0.0.1', String(primary.port));
  const replication = () => replica.command('INFO', 'replication').catch(() => '');
  const isUp = async () => (await replication()).includes('master_link_status:up');
  await eventually(isUp, 'a replica');
  await primary.command('CONFIG', 'SET', 'min-replicas-to-write', '1');
  const takesWrites = async () => (await primary.command('SET', 'probe', '1')).startsWith('+OK');
  await eventually(takesWrites, 'the primary counts its replica');
  const c = await stage.node(primary.url);
  const victim = await c.knock(tokens.mallory).opened();
  await replica.command('REPLICAOF', 'NO', 'ONE');
  const a = await stage.node(replica.url);
  await a.sessions.revoke({ userId: 'mallory' });
  const life = await lifeOf(victim, staleBoundMs);
  return judged(life, staleBoundMs, [
    await statuses('there: token', [c], tokens.mallory, 503),
    await statuses('other clients', [c], tokens.alice, 503),
    [`ready: ${c.health.isReady() ? 'yes' : 'no'}`, !c.health.isReady()],
    await statuses('at the new primary: token', [a], tokens.mallory, 401),
  ]);
}

/** A token that was issued in the present second, and a moment after every revocation before. */
function freshToken(): string {
  return tokenOf('mallory', { iat: Date.now() / 1_000 });
}

function clockOff(byMs: number): Fault {
  const minutes = Math.abs(byMs) / 60_000;
  return {
    name: `a node whose clock is ${minutes} minutes ${byMs > 0 ? 'ahead' : 'behind'} revokes`,
    promise: `sessions are ${promptly}, the token is refused everywhere, and a login after it is accepted everywhere`,
    async run(stage) {
      const server = await stage.redis();
      const [a, b] = [await stage.node(server.url), await stage.node(server.url)];
      const old = freshToken();
      const victim = await a.knock(old).opened();
      useFakeClock(Date.now() + byMs);
      await b.sessions.revoke({ userId: 'mallory' }).finally(() => vi.useRealTimers());
      const life = await lifeOf(victim, promptMs);
      return judged(life, promptMs, [
        await statuses('token', [a, b], old, 401),
        await statuses('new login', [a, b], freshToken(), 101),
      ]);
    },
  };
}

/** What surrounds the nodes: a distant store, one that evicts, one that has been replaced, and clocks. */
export const surroundingsFaults: readonly Fault[] = [
  latency(50),
  latency(200),
  {
    name: 'revocations evicted (`allkeys-lru`)',
    promise: `a warning at boot; nodes that have read a revocation keep it, and the next one is ${promptly}; nodes that start later know it while the stream has it`,
    run: evicted,
  },
  {
    name: 'split brain: a node at a primary that another one has replaced (`min-replicas-to-write 1`)',
    promise: `closed within ${maxStalenessMs} ms, new clients 503, not ready`,
    run: split,
  },
  clockOff(300_000),
  clockOff(-300_000),
];
