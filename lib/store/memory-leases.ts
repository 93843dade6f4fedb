import type { LeaseAnswer, LeaseClaim, SessionLease } from './ws-auth-store.js';

/** When the lease of each session expires, by user. The session that began first comes first. */
export class MemoryLeases {
  readonly #byUser = new Map<string, Map<string, number>>();

  claim({ userId, sessionId, limit, leaseMs, onLimit }: LeaseClaim): LeaseAnswer {
    const leases = this.#of(userId);
    leases.delete(sessionId);
    forgetOver(leases);
    const excess = leases.size + 1 - limit;
    if (excess > 0 && onLimit === 'refuse') {
      return 'full';
    }
    const replaced = [...leases.keys()].slice(0, Math.max(0, excess));
    replaced.forEach((oldest) => leases.delete(oldest));
    leases.set(sessionId, performance.now() + leaseMs);
    return replaced;
  }

  renew({ userId, sessionId }: SessionLease, leaseMs: number): void {
    this.#of(userId).set(sessionId, performance.now() + leaseMs);
  }

  release({ userId, sessionId }: SessionLease): void {
    const leases = this.#byUser.get(userId);
    if (leases?.delete(sessionId) && leases.size === 0) {
      this.#byUser.delete(userId);
    }
  }

  /** Forgets leases that have run out. */
  sweep(): void {
    for (const [userId, leases] of this.#byUser) {
      forgetOver(leases);
      if (leases.size === 0) {
        this.#byUser.delete(userId);
      }
    }
  }

  #of(userId: string): Map<string, number> {
    const leases = this.#byUser.get(userId) ?? new Map<string, number>();
    this.#byUser.set(userId, leases);
    return leases;
  }
}

function forgetOver(leases: Map<string, number>): void {
  const now = performance.now();
  for (const [sessionId, endsAt] of leases) {
    if (endsAt <= now) {
      leases.delete(sessionId);
    }
  }
}
