import { randomUUID } from 'node:crypto';
import type { LeaseClaim, StoredRevocation, StoredTicket } from '../../store/ws-auth-store.js';

/** Life of what a case stores, unless it is about the end of it. */
export const lifeMs = 60_000;

/** Limits that no case reaches by itself. */
export const plenty = { maxPerUser: 100, maxTotal: 100_000 };

/** A ticket with a digest of its own. */
export function ticketOf(userId: string, facts: Partial<StoredTicket> = {}): StoredTicket {
  const digest = randomUUID();
  return { digest, userId, payload: `{"of":"${digest}"}`, ttlMs: lifeMs, ...facts };
}

/** A revocation of a user of its own. */
export function revocationOf(facts: Partial<StoredRevocation>): StoredRevocation {
  return { kind: 'user', id: randomUUID(), before: 1_000, rememberMs: lifeMs, ...facts };
}

/** A claim of a session of its own. */
export function claimOf(userId: string, facts: Partial<LeaseClaim> = {}): LeaseClaim {
  const claim = { userId, sessionId: randomUUID(), limit: 2, leaseMs: lifeMs };
  return { ...claim, onLimit: 'refuse', ...facts };
}
