import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Presence } from '../../../lib/cluster/presence.js';
import { WsAuthStoreError } from '../../../lib/errors/ws-auth-store.error.js';
import { MemoryWsAuthStore } from '../../../lib/store/memory.store.js';
import { FakeSession, NodeSessions } from '../sessions/live-session-fakes.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const leaseMs = 8_000;

/** A store that may lose its data, and what travels to it or back. */
class FaultyStore extends MemoryWsAuthStore {
  #data = new MemoryWsAuthStore();
  loses: 'nothing' | 'requests' | 'answers' = 'nothing';
  readonly published: string[] = [];

  flush(): void {
    this.#data = new MemoryWsAuthStore();
  }

  override async putPresence(
    node: string,
    records: ReadonlyMap<string, string | undefined>,
    ms: number,
  ): Promise<boolean> {
    const isKnown = this.loses === 'requests' || (await this.#data.putPresence(node, records, ms));
    if (this.loses !== 'nothing') {
      throw new WsAuthStoreError('no answer');
    }
    this.published.push(...[...records.keys()].filter((userId) => userId !== ''));
    return isKnown;
  }

  override presenceOf(userId: string) {
    return this.#data.presenceOf(userId);
  }
}

/** A node whose users come and go. */
class Node extends NodeSessions {
  readonly store = new FaultyStore();
  readonly #presence = new Presence({
    store: this.store,
    sessions: this.live,
    node: 'node',
    leaseMs,
    isAccepting: () => true,
  });

  enter(...userIds: readonly string[]): void {
    userIds.forEach((userId) => new FakeSession(this, userId, {}));
  }

  leave(...userIds: readonly string[]): void {
    userIds.forEach((userId) => this.disconnect({ userId }));
  }

  /** The users that the other nodes know. */
  async known(userIds: readonly string[]): Promise<string[]> {
    const found: string[] = [];
    for (const userId of userIds) {
      const [presence] = await this.#presence.of(userId);
      found.push(...Array.from({ length: presence?.count ?? 0 }, () => userId));
    }
    return found;
  }
}

const users = (count: number, name = 'user') =>
  Array.from({ length: count }, (_, index) => `${name} ${index}`);

/** Longer than a node takes to renew what it has published, and to publish a second time. */
const renewed = () => vi.advanceTimersByTimeAsync(leaseMs);

interface Loss {
  readonly name: string;
  readonly fails: FaultyStore['loses'];
  /** How many users come while the store fails, and how many of those that were there leave then. */
  readonly come: number;
  readonly leave: number;
}

const losses: readonly Loss[] = (['nothing', 'requests', 'answers'] as const).flatMap((fails) =>
  [
    { come: 0, leave: 0 },
    { come: 1, leave: 0 },
    { come: 0, leave: 1 },
    { come: 0, leave: 5 },
    { come: 5, leave: 5 },
    { come: 700, leave: 9 },
  ].map((change) => ({
    ...change,
    fails,
    name: `${change.come} come and ${change.leave} leave, and ${fails} of the node get lost`,
  })),
);

describe('a store that loses all that a node has published', () => {
  it.each(losses)('receives all users of it again where $name', async (loss) => {
    const node = new Node();
    const first = users(10);
    node.enter(...first);
    await renewed();
    expect(await node.known(first)).toEqual(first);
    node.store.flush();
    node.store.loses = loss.fails;
    const late = users(loss.come, 'late');
    node.enter(...late);
    node.leave(...first.slice(0, loss.leave));
    await renewed();
    node.store.loses = 'nothing';
    await renewed();
    const all = [...first, ...late];
    expect(await node.known(all)).toEqual(all.slice(loss.leave));
  });
});

describe('a store that has lost nothing', () => {
  it('receives the users that have changed, and no others', async () => {
    const node = new Node();
    const [first = '', ...others] = users(3);
    node.enter(first, ...others);
    await renewed();
    node.store.published.length = 0;
    node.leave(first);
    await renewed();
    expect(node.store.published).toEqual([first]);
  });

  it('receives the users of a node once that begins with many of them', async () => {
    const node = new Node();
    node.enter(...users(20));
    await renewed();
    expect(node.store.published).toHaveLength(20);
  });
});
