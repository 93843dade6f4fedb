import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SessionPlaces, type PlaceLimit } from '../../../lib/sessions/session-places.js';
import { MemoryWsAuthStore } from '../../../lib/store/memory.store.js';
import type { PlaceAnswer, PlaceClaim, SessionPlace } from '../../../lib/store/ws-auth-store.js';
import { settle } from '../../support/turns.js';
import { sessionOf } from './live-session-fakes.js';

const leaseMs = 45_000;
const refuse: PlaceLimit = { maxSessionsPerUser: 1, onLimit: 'refuse' };
const closeOldest: PlaceLimit = { maxSessionsPerUser: 1, onLimit: 'closeOldest' };

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

  override async claimPlace(claim: PlaceClaim): Promise<PlaceAnswer> {
    const answer = await super.claimPlace(claim);
    await this.#arrival;
    if (this.losesAnswers) {
      throw new Error('no answer');
    }
    return answer;
  }

  override async renewPlaces(places: readonly SessionPlace[], forMs: number): Promise<void> {
    await this.#arrival;
    await super.renewPlaces(places, forMs);
  }

  /** Whether a user with one place has it, as another node finds out. */
  async hasPlaceFor(userId: string): Promise<boolean> {
    const claim: PlaceClaim = { userId, sessionId: 'probe', limit: 1, leaseMs, onLimit: 'refuse' };
    const answer = await super.claimPlace(claim);
    await super.releasePlace(claim);
    return answer !== 'full';
  }
}

let store: DistantStore;
let live: Set<string>;
let places: SessionPlaces;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  store = new DistantStore();
  live = new Set();
  const isLive = (id: string) => live.has(id);
  const apply = ({ id }: { readonly id: string }) => {
    live.delete(id);
    places.release({ id });
  };
  places = new SessionPlaces({ store, leaseMs, isLive, apply });
});

afterEach(async () => {
  store.letGo();
  await places.stop();
  vi.useRealTimers();
});

describe('places of sessions', () => {
  it('are given back by a session that ends while its place is renewed', async () => {
    const session = sessionOf('alice');
    live.add(session.id);
    await places.enter(session, refuse);
    store.hold();
    vi.advanceTimersByTime(leaseMs / 4);
    live.delete(session.id);
    places.release(session);
    store.letGo();
    await settle();
    expect(await store.hasPlaceFor('alice')).toBe(true);
  });

  it('are given back when an application ends while they are renewed', async () => {
    const session = sessionOf('alice');
    live.add(session.id);
    await places.enter(session, refuse);
    store.hold();
    vi.advanceTimersByTime(leaseMs / 4);
    live.delete(session.id);
    places.release(session);
    const stopped = places.stop();
    store.letGo();
    await stopped;
    expect(await store.hasPlaceFor('alice')).toBe(true);
  });

  it.each([refuse, closeOldest])(
    'are given back if nobody hears that they were taken, %o',
    async (limit) => {
      store.losesAnswers = true;
      const session = sessionOf('alice');
      const entered =
        limit === refuse
          ? places.enter(session, limit)
          : places.makeRoom(session, limit).catch((error: Error) => error);
      expect(await entered).toBeInstanceOf(limit === refuse ? Object : Error);
      expect(await store.hasPlaceFor('alice')).toBe(true);
    },
  );

  it('are given back when an application ends before it hears that they were taken', async () => {
    store.hold();
    const entered = places.enter(sessionOf('alice'), refuse);
    await settle();
    const stopped = places.stop();
    store.letGo();
    await stopped;
    await entered;
    expect(await store.hasPlaceFor('alice')).toBe(true);
  });

  it('are given back by a session that ends while it makes room', async () => {
    const session = sessionOf('alice');
    store.hold();
    const madeRoom = places.makeRoom(session, closeOldest);
    places.release(session);
    store.letGo();
    await madeRoom;
    expect(await store.hasPlaceFor('alice')).toBe(true);
  });

  it('are lost by a session that another gateway replaces before it begins', async () => {
    const [first, second] = [sessionOf('alice'), sessionOf('alice')];
    expect(await places.enter(first, refuse)).toBeUndefined();
    expect(places.hasLost(first, refuse)).toBe(false);
    live.add(second.id);
    await places.makeRoom(second, closeOldest);
    expect(places.hasLost(first, refuse)).toBe(true);
    expect(places.hasLost(second, closeOldest)).toBe(false);
    expect(places.hasLost(first, { ...refuse, maxSessionsPerUser: Infinity })).toBe(false);
  });

  it('are all that end with a claim, although the others cannot be told of the first', async () => {
    const sessions = [sessionOf('alice'), sessionOf('alice'), sessionOf('alice')];
    for (const session of sessions) {
      live.add(session.id);
      await places.enter(session, { maxSessionsPerUser: 3, onLimit: 'refuse' });
    }
    store.addRevocation = () => Promise.reject(new Error('down'));
    const newest = sessionOf('alice');
    await expect(places.makeRoom(newest, closeOldest)).rejects.toThrow('down');
    expect(live.size).toBe(0);
  });
});
