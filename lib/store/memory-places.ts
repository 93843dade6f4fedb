import type { PlaceAnswer, PlaceClaim, SessionPlace } from './ws-auth-store.js';

/** The places of sessions by user: when the lease of each runs out, the session that began first coming first. */
export class MemoryPlaces {
  readonly #byUser = new Map<string, Map<string, number>>();

  claim({ userId, sessionId, limit, leaseMs, onLimit }: PlaceClaim): PlaceAnswer {
    const places = this.#of(userId);
    places.delete(sessionId);
    forgetOver(places);
    const excess = places.size + 1 - limit;
    if (excess > 0 && onLimit === 'refuse') {
      return 'full';
    }
    const replaced = [...places.keys()].slice(0, Math.max(0, excess));
    replaced.forEach((oldest) => places.delete(oldest));
    places.set(sessionId, Date.now() + leaseMs);
    return replaced;
  }

  renew({ userId, sessionId }: SessionPlace, leaseMs: number): void {
    this.#of(userId).set(sessionId, Date.now() + leaseMs);
  }

  release({ userId, sessionId }: SessionPlace): void {
    const places = this.#byUser.get(userId);
    if (places?.delete(sessionId) && places.size === 0) {
      this.#byUser.delete(userId);
    }
  }

  /** Forgets leases that have run out. */
  sweep(): void {
    for (const [userId, places] of this.#byUser) {
      forgetOver(places);
      if (places.size === 0) {
        this.#byUser.delete(userId);
      }
    }
  }

  #of(userId: string): Map<string, number> {
    const places = this.#byUser.get(userId) ?? new Map<string, number>();
    this.#byUser.set(userId, places);
    return places;
  }
}

function forgetOver(places: Map<string, number>): void {
  const now = Date.now();
  for (const [sessionId, endsAt] of places) {
    if (endsAt <= now) {
      places.delete(sessionId);
    }
  }
}
