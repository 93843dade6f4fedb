import { afterEach, describe, expect, it, vi } from 'vitest';
import { Deferred } from '../../../lib/client/deferred.js';
import { NodeState } from '../../../lib/module/node-state.js';
import { moduleSettings } from '../../../lib/module/module-settings.js';
import { RevocationSync } from '../../../lib/cluster/revocation-sync.js';
import { ClusterSessions } from '../../../lib/sessions/cluster-sessions.js';
import { WsAuthHealth } from '../../../lib/cluster/ws-auth-health.service.js';
import { MemoryWsAuthStore } from '../../../lib/store/memory.store.js';
import type { StoredRevocation, WsAuthStore } from '../../../lib/store/ws-auth-store.js';
import { FakeSession, NodeSessions, named } from '../sessions/live-session-fakes.js';
import { dayMs } from '../../support/clocks.js';
import { settle, turns } from '../../support/turns.js';

/** More than any piece holds, so that a piece that is too large shows. */
const longestPiece = 1_000;

type ReadStore = Pick<WsAuthStore, 'revocationsSince' | 'watch'>;

function revocationOf(index: number): StoredRevocation {
  return { kind: 'token', id: `token ${index}`, before: 0, rememberMs: dayMs };
}

const syncs: RevocationSync[] = [];
afterEach(() => Promise.all(syncs.splice(0).map((sync) => sync.stop())));

/** A node that follows a store, and what it applied in which turn of the event loop. */
function follow(store: ReadStore, publish: () => Promise<void> = () => Promise.resolve()) {
  const applied: string[] = [];
  const pieces: number[] = [];
  let turn = 0;
  let lastTurn = -1;
  const failures: unknown[] = [];
  const unpublished: unknown[] = [];
  const losses: unknown[] = [];
  const sync = new RevocationSync({
    store,
    maxStalenessMs: 600_000,
    apply: ({ id }) => {
      if (lastTurn !== turn) {
        lastTurn = turn;
        pieces.push(0);
      }
      pieces[pieces.length - 1]! += 1;
      applied.push(id);
    },
    onTime: () => undefined,
    publish,
    onUnpublished: (cause) => unpublished.push(cause),
    onLoss: () => losses.push('lost'),
    onFailure: (cause) => failures.push(cause),
    onRecovery: () => undefined,
  });
  syncs.push(sync);
  /** Counts the turns of the event loop until the promise is settled. */
  const counting = async (work: Promise<unknown>): Promise<void> => {
    const state = { done: false };
    void work.finally(() => (state.done = true));
    while (!state.done) {
      await turns(1);
      turn += 1;
    }
    await work;
  };
  return { sync, applied, pieces, failures, unpublished, losses, counting };
}

async function storeWith(count: number): Promise<MemoryWsAuthStore> {
  const store = new MemoryWsAuthStore();
  for (let index = 0; index < count; index += 1) {
    await store.addRevocation(revocationOf(index));
  }
  return store;
}

/** A store that knows no pages, as one that was written for an earlier version. */
function withoutPages(store: WsAuthStore): ReadStore {
  return {
    revocationsSince: (cursor) => store.revocationsSince(cursor),
    watch: (onChange) => store.watch(onChange),
  };
}

describe.each([
  ['in pages', (store: WsAuthStore): ReadStore => store],
  ['all together', withoutPages],
])('a long stream that the store returns %s', (_how, wrap) => {
  it('D3: is applied in order, in pieces between which the event loop turns', async () => {
    const count = 100_000;
    const { sync, applied, pieces, counting } = follow(wrap(await storeWith(count)));
    await counting(sync.start());
    expect(applied).toHaveLength(count);
    expect(applied.every((id, index) => id === `token ${index}`)).toBe(true);
    expect(Math.max(...pieces)).toBeLessThanOrEqual(longestPiece);
    expect(sync.isFresh).toBe(true);
  });
});

describe('a node that reads a long stream', () => {
  it('D3: is not up to date before the last page is applied', async () => {
    const store = await storeWith(5_000);
    const fresh: boolean[] = [];
    const { sync, applied } = follow({
      revocationsSince: (cursor, limit) => {
        fresh.push(sync.isFresh);
        return store.revocationsSince(cursor, limit);
      },
      watch: (onChange) => store.watch(onChange),
    });
    await sync.start();
    expect(applied).toHaveLength(5_000);
    expect(fresh.length).toBeGreaterThan(1);
    expect(new Set(fresh)).toEqual(new Set([false]));
    expect(sync.isFresh).toBe(true);
  });

  it('D3: goes on after the last page that it has applied, when a request fails', async () => {
    const store = await storeWith(5_000);
    let requests = 0;
    const { sync, applied, failures } = follow({
      revocationsSince: (cursor, limit) => {
        requests += 1;
        return requests === 3
          ? Promise.reject(new Error('cut off'))
          : store.revocationsSince(cursor, limit);
      },
      watch: (onChange) => store.watch(onChange),
    });
    await sync.start();
    expect([failures.length, sync.isFresh]).toEqual([1, false]);
    const before = applied.length;
    expect(before).toBeGreaterThan(0);
    await sync.read();
    expect(applied).toEqual(Array.from({ length: 5_000 }, (_none, index) => `token ${index}`));
    expect(sync.isFresh).toBe(true);
  });

  it('D3: reads what is added meanwhile', async () => {
    const store = await storeWith(3_000);
    let added = false;
    const { sync, applied } = follow({
      revocationsSince: async (cursor, limit) => {
        const page = await store.revocationsSince(cursor, limit);
        if (!added) {
          added = true;
          await store.addRevocation(revocationOf(3_000));
        }
        return page;
      },
      watch: (onChange) => store.watch(onChange),
    });
    await sync.start();
    expect(applied).toHaveLength(3_001);
    expect(applied.at(-1)).toBe('token 3000');
  });

  it('D3: does not read for ever what a store calls more, and is the same', async () => {
    const { sync } = follow({
      revocationsSince: () => Promise.resolve({ revocations: [], cursor: 'same', more: true }),
      watch: () => () => Promise.resolve(),
    });
    await sync.start();
    expect(sync.isFresh).toBe(true);
  });
});

describe('a node with sessions that reads a long stream again', () => {
  /** Has a node read everything again, as after a failover that lost the newest entry. */
  class ForgetfulStore extends MemoryWsAuthStore {
    forgets = false;

    override revocationsSince(cursor: string | undefined, limit?: number) {
      const known = this.forgets ? undefined : cursor;
      this.forgets = false;
      return super.revocationsSince(known, limit);
    }
  }

  it('D3: ends the sessions that are revoked, and looks at no others', async () => {
    const store = new ForgetfulStore();
    const sessions = new NodeSessions();
    const node = new NodeState(
      moduleSettings({ store }),
      sessions.live,
      sessions.ledger,
      new WsAuthHealth(),
      new ClusterSessions(),
    );
    await node.onModuleInit();
    const live = Array.from(
      { length: 5_000 },
      (_none, index) => new FakeSession(sessions, `user ${index}`, named(`live ${index}`)),
    );
    for (let index = 0; index < 20_000; index += 1) {
      await store.addRevocation(revocationOf(index));
    }
    store.forgets = true;
    await store.addRevocation({ ...revocationOf(0), id: 'live 4321' });
    const [revoked] = live.splice(4_321, 1);
    while (revoked!.endings.length === 0) {
      await settle();
    }
    expect(live.filter(({ looks, endings }) => looks + endings.length > 0)).toEqual([]);
    expect(sessions.count()).toBe(4_999);
    await node.onApplicationShutdown();
  });
});

const never = () => new Promise<never>(() => undefined);

describe('what a node alone knows', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    { publication: 'takes half an hour', publish: (over: Promise<void>) => over },
    { publication: 'is refused', publish: () => Promise.reject(new Error('OOM')) },
  ])('costs no reading where its publication $publication', async ({ publish }) => {
    vi.useFakeTimers();
    const store = new MemoryWsAuthStore();
    const over = new Deferred<void>();
    const { sync, applied, losses, failures } = follow(store, () => publish(over.promise));
    await sync.start();
    for (let minute = 0; minute < 30; minute += 1) {
      await store.addRevocation(revocationOf(minute));
      await vi.advanceTimersByTimeAsync(60_000);
    }
    expect(applied).toHaveLength(30);
    expect([sync.isHealthy, losses, failures]).toEqual([true, [], []]);
    over.resolve();
  });

  it('is published again within a second after each failure, which is reported once', async () => {
    vi.useFakeTimers();
    let isRefused = true;
    const publications: number[] = [];
    const publish = () => {
      publications.push(performance.now());
      return isRefused ? Promise.reject(new Error('OOM')) : Promise.resolve();
    };
    const { sync, unpublished } = follow(new MemoryWsAuthStore(), publish);
    await sync.start();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(unpublished).toHaveLength(1);
    expect(publications.length).toBeGreaterThanOrEqual(10);
    isRefused = false;
    await vi.advanceTimersByTimeAsync(1_000);
    const { length } = publications;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(publications).toHaveLength(length);
    isRefused = true;
    await sync.read();
    await vi.advanceTimersByTimeAsync(0);
    expect(unpublished).toHaveLength(2);
  });
});

describe('a store that never answers', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('K6c: fails a reading, and is read again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let asked = 0;
    const { sync, failures } = follow({
      revocationsSince: () => {
        asked += 1;
        return asked === 1
          ? new Promise(() => undefined)
          : Promise.resolve({ revocations: [], cursor: '0' });
      },
      watch: () => () => Promise.resolve(),
    });
    const started = sync.start();
    await vi.advanceTimersByTimeAsync(10_000);
    await started;
    expect([failures.length, sync.isFresh]).toEqual([1, false]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([asked, sync.isHealthy]).toEqual([2, true]);
  });

  it('K6e: does not keep the application from closing', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const store: WsAuthStore = Object.assign(new MemoryWsAuthStore(), {
      revocationsSince: never,
      releaseLease: never,
      watch: () => never,
    });
    const settings = moduleSettings({ strategy: 'jwt', store, shutdownTimeoutMs: 2_000 });
    const { live, ledger } = new NodeSessions();
    const state = new NodeState(settings, live, ledger, new WsAuthHealth(), new ClusterSessions());
    const initialised = state.onModuleInit();
    await vi.advanceTimersByTimeAsync(10_000);
    await initialised;
    const stopped = state.onApplicationShutdown();
    await vi.advanceTimersByTimeAsync(2_000);
    await stopped;
  });
});
