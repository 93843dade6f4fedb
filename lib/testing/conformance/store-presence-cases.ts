import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { WsAuthStore } from '../../store/ws-auth-store.js';
import type { CaseOf } from './conformance-case.js';
import { lifeMs } from './store-facts.js';
import type { StoreStage } from './store-stage.js';

type PresenceStore = WsAuthStore &
  Required<Pick<WsAuthStore, 'putPresence' | 'presenceOf' | 'endPresence'>>;

/** The clock of a store, and what nodes publish in it. The methods are optional: a store without them passes. */
export const presenceCases: readonly CaseOf<StoreStage>[] = [
  {
    id: 'clock',
    name: 'has one clock for all nodes, in epoch milliseconds, if it has one',
    async check({ first, second, waiting }) {
      if (!first.now || !second.now) {
        return;
      }
      const [one, two, three] = [await first.now(), await second.now(), await first.now()];
      // Seconds would be below, microseconds above.
      assert.ok(one > 1e12 && one < 1e14);
      assert.ok(one <= two && two <= three);
      await waiting.until('the clock of the store', async () => (await second.now!()) > three);
    },
  },
  presenceCase(
    'presence-records',
    'returns one record of a user for each node, the latest that the node has published',
    async ({ first, second, user, nodes: [one, two] }) => {
      await first.putPresence(one, new Map([[user, 'former']]), lifeMs);
      await second.putPresence(two, new Map([[user, '{"ü":"*"}']]), lifeMs);
      await first.putPresence(one, new Map([[user, 'latter']]), lifeMs);
      assert.deepEqual(await recordsOf(second, user), { [one]: 'latter', [two]: '{"ü":"*"}' });
      assert.deepEqual(await recordsOf(first, `${user}x`), {});
    },
  ),
  presenceCase(
    'presence-of-node',
    'keeps a record under the empty key as well, where nodes publish how many sessions they have',
    async ({ first, second, user, nodes: [one, two] }) => {
      await first.putPresence(one, new Map([['', 'of node']]), lifeMs);
      await first.putPresence(two, new Map([[user, 'of user']]), lifeMs);
      const ofNode = async () => (await recordsOf(second, ''))[one];
      assert.equal(await ofNode(), 'of node');
      assert.ok(!(two in (await recordsOf(second, ''))));
      await first.putPresence(one, new Map([[user, undefined]]), lifeMs);
      assert.equal(await ofNode(), 'of node');
    },
  ),
  presenceCase(
    'presence-removal',
    'forgets the record of a user without a session, and no other',
    async ({ first, second, user, nodes: [node] }) => {
      const other = randomUUID();
      const both = new Map([user, other].map((each) => [each, 'here'] as const));
      await first.putPresence(node, both, lifeMs);
      await first.putPresence(node, new Map([[user, undefined]]), lifeMs);
      assert.deepEqual(await recordsOf(second, user), {});
      assert.deepEqual(await recordsOf(second, other), { [node]: 'here' });
    },
  ),
  presenceCase(
    'presence-known',
    'returns whether a node was known, so that one that was forgotten publishes all again',
    async ({ first, second, user, nodes: [node] }) => {
      const records = new Map([[user, 'here']]);
      assert.equal(await first.putPresence(node, records, lifeMs), false);
      assert.equal(await second.putPresence(node, new Map(), lifeMs), true);
      assert.deepEqual(await recordsOf(second, user), { [node]: 'here' });
      await second.endPresence(node);
      await second.endPresence(node);
      assert.deepEqual(await recordsOf(first, user), {});
      assert.equal(await first.putPresence(node, records, lifeMs), false);
    },
  ),
  presenceCase(
    'presence-timeout',
    'forgets all records of a node that publishes nothing any more, and no other node',
    async ({ first, second, waiting, user, nodes: [short, long] }) => {
      const records = new Map([[user, 'here']]);
      await first.putPresence(long, records, 1_000);
      await first.putPresence(long, new Map(), lifeMs);
      await first.putPresence(short, records, 1);
      await waiting.until('the end of the records', async () => {
        return !(short in (await recordsOf(second, user)));
      });
      assert.deepEqual(await recordsOf(second, user), { [long]: 'here' });
      assert.equal(await first.putPresence(short, new Map(), lifeMs), false);
    },
  ),
];

/** Two stores with all methods, and names that no other case uses. */
interface PresenceStage {
  readonly first: PresenceStore;
  readonly second: PresenceStore;
  readonly waiting: StoreStage['waiting'];
  readonly user: string;
  readonly nodes: readonly [string, string];
}

function presenceCase(
  id: string,
  name: string,
  check: (stage: PresenceStage) => Promise<void>,
): CaseOf<StoreStage> {
  return {
    id,
    name,
    async check({ first, second, waiting }) {
      if (hasPresence(first) && hasPresence(second)) {
        const nodes = [randomUUID(), randomUUID()] as const;
        await check({ first, second, waiting, user: randomUUID(), nodes });
      }
    },
  };
}

/** A store has all three methods, or none of them. */
function hasPresence(store: WsAuthStore): store is PresenceStore {
  const methods = ['putPresence', 'presenceOf', 'endPresence'] as const;
  const present = methods.filter((method) => store[method] !== undefined).length;
  assert.ok(present === 0 || present === 3, 'putPresence, presenceOf and endPresence go together');
  return present === 3;
}

async function recordsOf(store: PresenceStore, user: string): Promise<Record<string, string>> {
  const found = await store.presenceOf(user);
  return Object.fromEntries(found.map(({ node, record }) => [node, record]));
}
