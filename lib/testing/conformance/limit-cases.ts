import assert from 'node:assert/strict';
import type { WsAuthModuleOptions } from '../../policy/options.js';
import type { CaseOf } from './conformance-case.js';
import { assertUntouched } from './entering-cases.js';
import type { TransportStage } from './transport-stage.js';

/** Which limits a transport keeps. */
export const limitCases: readonly CaseOf<TransportStage>[] = [
  {
    id: 'pending-per-address',
    name: 'refuses one pending connection too many of an address, and gives slots back',
    check: (stage) => boundsPending(stage, { maxPendingPerAddress: 2 }, 'too many attempts'),
  },
  {
    id: 'pending-in-all',
    name: 'refuses one pending connection too many in all, and gives slots back',
    check: (stage) => boundsPending(stage, { maxPending: 2 }, 'too many pending connections'),
  },
  {
    id: 'pending-left',
    name: 'opens no session for a client that has left meanwhile, and gives its slot back',
    async check(stage) {
      const node = await stage.start({ maxPending: 1, maxPendingPerAddress: 1 });
      const release = stage.strategy.hold();
      const client = node.connect({ in: 'handshake', token: stage.strategy.issue('alice') });
      await stage.waiting.until('a run of the strategy', () => stage.strategy.asked === 1);
      await client[Symbol.asyncDispose]();
      await stage.waiting.until('the end of the attempt', () => stage.strategy.abandoned === 1);
      release();
      await enterWhenFree(stage, node);
      assert.deepEqual(node.sessions.ofUser('alice'), []);
      assert.equal(
        node.gateway.connections.some(({ user }) => user?.id === 'alice'),
        false,
      );
    },
  },
  {
    id: 'queue-limit',
    name: 'ends a client that sends more than is kept while its first message is judged',
    async check(stage) {
      const node = await stage.start({ maxQueuedMessages: 2 });
      stage.strategy.hold();
      const client = node.connect({ in: 'message', token: stage.strategy.issue('alice') });
      ['one', 'two', 'three'].forEach((text) => client.send(text));
      assert.equal(await node.reasonOf(client), 'too many messages before authentication');
      assertUntouched(node);
    },
  },
  {
    id: 'sessions-refused',
    name: 'refuses one session too many of a user',
    async check(stage) {
      const node = await stage.start({ maxSessionsPerUser: 1 });
      const { client } = await node.enter(stage.strategy.issue('alice'));
      for (const carrier of ['handshake', 'message'] as const) {
        const another = node.connect({ in: carrier, token: stage.strategy.issue('alice') });
        assert.equal(await node.reasonOf(another), 'too many sessions');
      }
      await node.enter(stage.strategy.issue('bob'));
      await client[Symbol.asyncDispose]();
      await stage.waiting.until('the end', () => node.sessions.ofUser('alice').length === 0);
      await node.enter(stage.strategy.issue('alice'));
    },
  },
  {
    id: 'sessions-replaced',
    name: 'ends the oldest session of a user where the newest takes its slot',
    async check(stage) {
      const node = await stage.start({ maxSessionsPerUser: 1, onLimit: 'closeOldest' });
      const oldest = await node.enter(stage.strategy.issue('alice'));
      const newest = await node.enter(stage.strategy.issue('alice'));
      assert.equal(await node.reasonOf(oldest.client), 'too many sessions');
      assert.deepEqual(
        node.sessions.ofUser('alice').map(({ id }) => id),
        [newest.session.id],
      );
    },
  },
];

async function boundsPending(
  stage: TransportStage,
  limits: WsAuthModuleOptions,
  reason: string,
): Promise<void> {
  const node = await stage.start(limits);
  const release = stage.strategy.hold();
  const connect = () => node.connect({ in: 'handshake', token: stage.strategy.issue('alice') });
  const pending = [connect(), connect()];
  await stage.waiting.until('two runs of the strategy', () => stage.strategy.asked === 2);
  assert.equal(await node.reasonOf(connect()), reason);
  assert.equal(stage.strategy.asked, 2);
  release();
  await stage.waiting.until('two sessions', () => node.sessions.count() === pending.length);
  await node.enter(stage.strategy.issue('bob'));
}

/** The slot is given back when the connection and the strategy have both ended, which the client does not see. */
async function enterWhenFree(
  stage: TransportStage,
  node: Awaited<ReturnType<TransportStage['start']>>,
): Promise<void> {
  const refusals = () => node.events.filter(({ name }) => name === 'refused').length;
  while (node.sessions.ofUser('bob').length === 0) {
    const before = refusals();
    node.connect({ in: 'handshake', token: stage.strategy.issue('bob') });
    await stage.waiting.until(
      'an answer',
      () => refusals() > before || node.sessions.ofUser('bob').length > 0,
    );
  }
}
