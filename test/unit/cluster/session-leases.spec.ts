import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SessionLeases, type LeaseLimit } from '../../../lib/cluster/session-leases.js';
import { MemoryWsAuthStore } from '../../../lib/store/memory.store.js';
import type { LeaseAnswer, LeaseClaim, SessionLease } from '../../../lib/store/ws-auth-store.js';
import { settle } from '../../support/turns.js';
import { sessionOf } from '../sessions/live-session-fakes.js';

const leaseMs = 45_000;
const refuse: LeaseLimit = { maxSessionsPerUser: 1, onLimit: 'refuse' };
const closeOldest: LeaseLimit = { maxSessionsPerUser: 1, onLimit: 'closeOldest' };

/** A store that is as far away as a test wants: it answers, or carries a renewal out, when it is let go on. */
class DistantStore extends MemoryWsAuthStore {
  #arrival = Promise.resolve();
  #letGo: () => void = () => undefined;
  losesAnswers = false;

  hold(): void {
    this.#arrival = new Promise((resolve) => (this.#letGo = resolve));
  }

  letGo(): void {
    this.#letGo();
  }

  override async claimLease(claim: LeaseClaim): Promise<LeaseAnswer> {
    const answer = await super.claimLease(claim);
    await this.#arrival;
    if (this.losesAnswers) {
      throw new Error('no answer');
    }
    return answer;
  }

  override async renewLeases(leases: readonly SessionLease[], forMs: number): Promise<void> {
    await this.#arrival;
    await super.renewLeases(leases, forMs);
  }

  /** Whether a user with one lease has it, as another node finds out. */
  async hasPlaceFor(userId: string): Promise<boolean> {
    const claim: LeaseClaim = { userId, sessionId: 'probe', limit: 1, leaseMs, onLimit: 'refuse' };
    const answer = await super.claimLease(claim);
    await super.releaseLease(claim);
    return answer !== 'full';
  }
}

let store: DistantStore;
let live: Set<string>;
let leases: SessionLeases;

const timers = [
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
  'performance',
] as const;

beforeEach(() => {
  vi.useFakeTimers({ toFake: [...timers] });
  store = new DistantStore();
  live = new Set();
  const isLive = (id: string) => live.has(id);
  const apply = ({ id }: { readonly id: string }) => {
    live.delete(id);
    leases.release({ id });
  };
  const endExpired = (ids: readonly string[]) => ids.forEach((id) => apply({ id }));
  leases = new SessionLeases({ store, leaseMs, isLive, apply, endExpired });
});

afterEach(async () => {
  store.letGo();
  await leases.stop();
  vi.useRealTimers();
});

describe('leases of sessions', () => {
  it('are given back by a session that ends while its lease is renewed', async () => {
    const session = sessionOf('alice');
    live.add(session.id);
    await leases.enter(session, refuse);
    store.hold();
    vi.advanceTimersByTime(leaseMs / 4);
    live.delete(session.id);
    leases.release(session);
    store.letGo();
    await settle();
    expect(await store.hasPlaceFor('alice')).toBe(true);
  });

  it('are given back when an application ends while they are renewed', async () => {
    const session = sessionOf('alice');
    live.add(session.id);
    await leases.enter(session, refuse);
    store.hold();
    vi.advanceTimersByTime(leaseMs / 4);
    live.delete(session.id);
    leases.release(session);
    const stopped = leases.stop();
    store.letGo();
    await stopped;
    expect(await store.hasPlaceFor('alice')).toBe(true);
  });

  it.each([refuse, closeOldest])(
    'are released if the answer of the store is lost, %o',
    async (limit) => {
      store.losesAnswers = true;
      const session = sessionOf('alice');
      const entered =
        limit === refuse
          ? leases.enter(session, limit)
          : leases.makeRoom(session, limit).catch((error: Error) => error);
      expect(await entered).toBeInstanceOf(limit === refuse ? Object : Error);
      expect(await store.hasPlaceFor('alice')).toBe(true);
    },
  );

  it('are released when an application ends before the answer of the store', async () => {
    store.hold();
    const entered = leases.enter(sessionOf('alice'), refuse);
    await settle();
    const stopped = leases.stop();
    store.letGo();
    await stopped;
    await entered;
    expect(await store.hasPlaceFor('alice')).toBe(true);
  });

  it('are given back by a session that ends while it makes room', async () => {
    const session = sessionOf('alice');
    store.hold();
    const madeRoom = leases.makeRoom(session, closeOldest);
    leases.release(session);
    store.letGo();
    await madeRoom;
    expect(await store.hasPlaceFor('alice')).toBe(true);
  });

  it('are lost by a session that another gateway replaces before it begins', async () => {
    const [first, second] = [sessionOf('alice'), sessionOf('alice')];
    expect(await leases.enter(first, refuse)).toBeUndefined();
    expect(leases.hasLost(first, refuse)).toBe(false);
    live.add(second.id);
    await leases.makeRoom(second, closeOldest);
    expect(leases.hasLost(first, refuse)).toBe(true);
    expect(leases.hasLost(second, closeOldest)).toBe(false);
    expect(leases.hasLost(first, { ...refuse, maxSessionsPerUser: Infinity })).toBe(false);
  });

  it('are all evicted by one claim, although the channel is down', async () => {
    const sessions = [sessionOf('alice'), sessionOf('alice'), sessionOf('alice')];
    for (const session of sessions) {
      live.add(session.id);
      await leases.enter(session, { maxSessionsPerUser: 3, onLimit: 'refuse' });
    }
    store.addRevocation = () => Promise.reject(new Error('down'));
    const newest = sessionOf('alice');
    await expect(leases.makeRoom(newest, closeOldest)).rejects.toThrow('down');
    expect(live.size).toBe(0);
  });

  it('end with their sessions if the store could not be asked to renew them', async () => {
    const [older, newer] = [sessionOf('alice'), sessionOf('bob')];
    live.add(older.id);
    await leases.enter(older, refuse);
    await vi.advanceTimersByTimeAsync(leaseMs / 4);
    store.renewLeases = () => Promise.reject(new Error('down'));
    await vi.advanceTimersByTimeAsync(leaseMs / 2);
    live.add(newer.id);
    await leases.enter(newer, refuse);
    await vi.advanceTimersByTimeAsync(leaseMs / 2 - 2);
    expect([...live]).toEqual([older.id, newer.id]);
    await vi.advanceTimersByTimeAsync(2);
    expect([...live]).toEqual([newer.id]);
    await vi.advanceTimersByTimeAsync(leaseMs / 2);
    expect([...live]).toEqual([]);
  });

  it('end with their sessions between two renewals as well', async () => {
    store.renewLeases = () => Promise.reject(new Error('down'));
    await vi.advanceTimersByTimeAsync(leaseMs / 8);
    const session = sessionOf('alice');
    live.add(session.id);
    await leases.enter(session, refuse);
    await vi.advanceTimersByTimeAsync(leaseMs - 2);
    expect([...live]).toEqual([session.id]);
    await vi.advanceTimersByTimeAsync(2);
    expect([...live]).toEqual([]);
  });

  it('are forgotten after their time if their sessions have never begun', async () => {
    const session = sessionOf('alice');
    await leases.enter(session, refuse);
    await vi.advanceTimersByTimeAsync(leaseMs);
    expect(leases.hasLost(session, refuse)).toBe(false);
    await vi.advanceTimersByTimeAsync(leaseMs / 4);
    expect(leases.hasLost(session, refuse)).toBe(true);
  });

  it('K6c: let their node stop where the store has never answered a renewal', async () => {
    const session = sessionOf('alice');
    live.add(session.id);
    await leases.enter(session, refuse);
    store.renewLeases = () => new Promise(() => undefined);
    await vi.advanceTimersByTimeAsync(leaseMs / 4);
    const stopped = leases.stop();
    await vi.advanceTimersByTimeAsync(10_000);
    await stopped;
    expect(await store.hasPlaceFor('alice')).toBe(true);
  });

  it('K6c: fail to make room where the store never answers the end of the oldest session', async () => {
    const [older, newer] = [sessionOf('alice'), sessionOf('alice')];
    await leases.makeRoom(older, closeOldest);
    store.addRevocation = () => new Promise(() => undefined);
    const failed = expect(leases.makeRoom(newer, closeOldest)).rejects.toThrow('in time');
    await vi.advanceTimersByTimeAsync(10_000);
    await failed;
  });
});
