import { randomUUID } from 'node:crypto';
import { patient } from '../../support/patience.js';
import { eventually } from '../eventually.js';
import { HeldShutdown } from '../held-shutdown.js';
import { statusOf } from '../node.js';
import { NodeProcess } from '../processes/node-process.js';
import {
  judged,
  lifeOf,
  maxStalenessMs,
  promptMs,
  tokens,
  type Fault,
  type Stage,
} from './fault.js';

const promptly = `closed within ${promptMs} ms`;

/** Two nodes with presence, of which the second has three sessions and the first none. */
async function unequal(stage: Stage) {
  const server = await stage.redis();
  const options = { presence: true, maxStalenessMs: 600_000 };
  const [a, b] = [await stage.node(server.url, options), await stage.node(server.url, options)];
  const victim = await b.enter('mallory');
  await b.enter('alice');
  await b.enter('bob');
  return { a, b, victim };
}

/** Two nodes in processes of their own, and what starts another. */
async function twoProcesses(stage: Stage) {
  const { url } = await stage.redis();
  const settings = { url, redis: { keyPrefix: randomUUID() }, maxStalenessMs };
  const start = async () => stage.keep(await NodeProcess.start(settings));
  return { a: await start(), b: await start(), start };
}

export const nodeFaults: readonly Fault[] = [
  {
    name: 'a node delayed in its shutdown by a hook',
    promise: `revoked sessions are ${promptly}`,
    async run(stage) {
      const server = await stage.redis();
      const a = await stage.node(server.url);
      const b = await stage.node(server.url, { providers: [HeldShutdown] });
      const victim = await b.enter('mallory');
      const { begun, over } = b.app.nest.get(HeldShutdown);
      const closed = b.app.nest.close();
      await begun.promise;
      await a.sessions.revoke({ userId: 'mallory' });
      const life = await lifeOf(victim, promptMs);
      over.resolve();
      await closed;
      return judged(life, promptMs);
    },
  },
  {
    name: 'a session that has the notice of a drain',
    promise: `revoked sessions are ${promptly}`,
    async run(stage) {
      const { a, b, victim } = await unequal(stage);
      const drained = b.sessions.drain({ overMs: patient(4_000) });
      await victim.next();
      await a.sessions.revoke({ userId: 'mallory' });
      const life = await lifeOf(victim, promptMs);
      await drained;
      return judged(life, promptMs, [[`code ${life.code}`, life.code === 3000]]);
    },
  },
  {
    name: 'a session that has the notice of a rebalancing',
    promise: `revoked sessions are ${promptly}, and no other ends early`,
    async run(stage) {
      const { a, b, victim } = await unequal(stage);
      const pace = { overMs: patient(4_000) };
      const moved = eventually(async () => (await b.sessions.rebalance(pace)) > 0, 'a is known');
      await victim.next();
      await a.sessions.revoke({ userId: 'mallory' });
      const life = await lifeOf(victim, promptMs);
      await moved;
      const left = b.sessions.count();
      return judged(life, promptMs, [
        [`code ${life.code}`, life.code === 3000],
        [`${left} of 3 sessions left`, left === 2],
      ]);
    },
  },
  {
    name: 'a node killed',
    promise: 'its sessions end; what it revoked holds on all nodes, also on one that starts later',
    async run(stage) {
      const { a, b, start } = await twoProcesses(stage);
      const victim = await b.knock(tokens.mallory).opened();
      await b.enter('alice');
      await a.ask('revoke', 'mallory');
      await a.kill();
      const life = await lifeOf(victim, promptMs);
      const others = await b.ask('countSessions');
      const next = await start();
      const statuses = await Promise.all(
        [b, next].map((each) => statusOf(each.knock(tokens.mallory))),
      );
      return judged(life, promptMs, [
        [`token ${statuses.join(', ')}`, statuses.every((status) => status === 401)],
        [`${others} other goes on`, others === 1],
      ]);
    },
  },
  {
    name: `a node stopped for ${2 * maxStalenessMs} ms`,
    promise: 'it answers no message of a revoked session when it goes on',
    async run(stage) {
      const { a, b } = await twoProcesses(stage);
      const victim = await b.enter('mallory');
      b.freeze();
      const frozenAt = performance.now();
      await a.ask('revoke', 'mallory');
      const life = lifeOf(victim, 3 * maxStalenessMs);
      await eventually(() => performance.now() - frozenAt > 2 * maxStalenessMs, 'it has stood');
      b.thaw();
      const { served, code, endedMs } = await life;
      return judged({ served, code, endedMs }, 3 * maxStalenessMs, [
        [`${served} answered`, served === 0],
      ]);
    },
  },
];
