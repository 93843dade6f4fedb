import { demandNoOptions } from '../policy/check-option.js';
import { after, bothClocks, longestUntil, shortestUntil, type BothClocks } from './both-clocks.js';
import { later, MemoryJournal, type KeptInstant } from './memory-journal.js';
import { MemoryLeases } from './memory-leases.js';
import { MemoryPresence } from './memory-presence.js';
import type {
  LeaseAnswer,
  LeaseClaim,
  NodeRecord,
  RevocationPage,
  RevocationQuestion,
  SessionLease,
  StoredRevocation,
  StoredTicket,
  TicketLimits,
  WsAuthStore,
} from './ws-auth-store.js';

interface KeptTicket {
  readonly userId: string;
  readonly payload: string;
  readonly expiresAt: BothClocks;
}

/**
 * Keeps tickets, revocations and leases in this process, bounded: for one node, and for several applications in one test.
 *
 * @example
 * ```ts
 * const store = new MemoryWsAuthStore();
 * const here = WsAuthModule.forRoot({ strategy: 'jwt', store });
 * const there = WsAuthModule.forRoot({ strategy: 'jwt', store }); // two nodes, in a test
 * ```
 * @publicApi
 */
export class MemoryWsAuthStore implements WsAuthStore {
  /** Oldest first, by the order of insertion. */
  readonly #tickets = new Map<string, KeptTicket>();
  readonly #ticketsByUser = new Map<string, Set<string>>();
  /** By kind and id: what counts. */
  readonly #revocations = new Map<string, KeptInstant>();
  /** By kind, id and the session that stays. */
  readonly #journal = new MemoryJournal();
  readonly #leases = new MemoryLeases();
  readonly #presence = new MemoryPresence();
  readonly #watchers = new Set<() => void>();
  /** Monotonic milliseconds. */
  #sweepAt = 0;

  /** @throws {WsAuthConfigurationError} for options: those of tickets belong to `tickets` of the module. */
  constructor(...options: never[]) {
    demandNoOptions('MemoryWsAuthStore', options);
  }

  putTicket(ticket: StoredTicket, { maxPerUser, maxTotal }: TicketLimits): Promise<void> {
    const { digest, userId, payload, ttlMs } = ticket;
    this.#sweep();
    const ofUser = this.#ticketsByUser.get(userId) ?? new Set<string>();
    this.#ticketsByUser.set(userId, ofUser.add(digest));
    this.#tickets.set(digest, { userId, payload, expiresAt: after(ttlMs) });
    while (ofUser.size > maxPerUser) {
      this.#drop(ofUser);
    }
    while (this.#tickets.size > maxTotal) {
      this.#drop(this.#tickets.keys());
    }
    return Promise.resolve();
  }

  takeTicket(digest: string): Promise<string | undefined> {
    const ticket = this.#forgetTicket(digest);
    const valid = ticket !== undefined && shortestUntil(ticket.expiresAt) > 0;
    return Promise.resolve(valid ? ticket.payload : undefined);
  }

  addRevocation(revocation: StoredRevocation): Promise<void> {
    this.#sweep();
    const { kind, id, before, rememberMs, exceptSessionId = '' } = revocation;
    const said = { before, forgetAt: after(rememberMs) };
    const key = keyOf(kind, id);
    this.#revocations.set(key, later(said, this.#revocations.get(key)));
    this.#journal.add(`${exceptSessionId}:${key}`, revocation, said.forgetAt);
    for (const notify of this.#watchers) {
      setImmediate(notify);
    }
    return Promise.resolve();
  }

  isRevoked(question: RevocationQuestion): Promise<boolean> {
    const { userId, tokenId, tokenIds = [], sessionId, issuedAt } = question;
    const before = Math.max(this.#before('everybody', ''), this.#before('user', userId));
    const late =
      before > Number.NEGATIVE_INFINITY && (issuedAt === undefined || issuedAt <= before);
    return Promise.resolve(
      late ||
        [tokenId, ...tokenIds].some((id) => this.#before('token', id) > Number.NEGATIVE_INFINITY) ||
        this.#before('session', sessionId) > Number.NEGATIVE_INFINITY,
    );
  }

  revocationsSince(
    cursor: string | undefined,
    limit = Number.POSITIVE_INFINITY,
  ): Promise<RevocationPage> {
    return Promise.resolve(this.#journal.since(cursor, limit));
  }

  claimLease(claim: LeaseClaim): Promise<LeaseAnswer> {
    this.#sweep();
    return Promise.resolve(this.#leases.claim(claim));
  }

  renewLeases(leases: readonly SessionLease[], leaseMs: number): Promise<void> {
    leases.forEach((lease) => this.#leases.renew(lease, leaseMs));
    return Promise.resolve();
  }

  releaseLease(lease: SessionLease): Promise<void> {
    this.#leases.release(lease);
    return Promise.resolve();
  }

  putPresence(
    node: string,
    records: ReadonlyMap<string, string | undefined>,
    leaseMs: number,
  ): Promise<boolean> {
    return Promise.resolve(this.#presence.put(node, records, leaseMs));
  }

  presenceOf(userId: string): Promise<readonly NodeRecord[]> {
    return Promise.resolve(this.#presence.of(userId));
  }

  endPresence(node: string): Promise<void> {
    this.#presence.end(node);
    return Promise.resolve();
  }

  watch(onChange: () => void): () => Promise<void> {
    this.#watchers.add(onChange);
    return () => {
      this.#watchers.delete(onChange);
      return Promise.resolve();
    };
  }

  #before(kind: StoredRevocation['kind'], id: string | undefined): number {
    const kept = id === undefined ? undefined : this.#revocations.get(keyOf(kind, id));
    return kept && longestUntil(kept.forgetAt) > 0 ? kept.before : Number.NEGATIVE_INFINITY;
  }

  #drop(digests: Iterable<string>): void {
    for (const oldest of digests) {
      this.#forgetTicket(oldest);
      return;
    }
  }

  #forgetTicket(digest: string): KeptTicket | undefined {
    const ticket = this.#tickets.get(digest);
    this.#tickets.delete(digest);
    const ofUser = ticket && this.#ticketsByUser.get(ticket.userId);
    if (ofUser?.delete(digest) && ofUser.size === 0) {
      this.#ticketsByUser.delete(ticket!.userId);
    }
    return ticket;
  }

  /** Forgets what has expired, at most once a second. */
  #sweep(): void {
    const now = bothClocks();
    if (now.tick < this.#sweepAt) {
      return;
    }
    this.#sweepAt = now.tick + 1_000;
    this.#leases.sweep();
    for (const [digest, { expiresAt }] of this.#tickets) {
      if (shortestUntil(expiresAt, now) <= 0) {
        this.#forgetTicket(digest);
      }
    }
    this.#journal.sweep(now);
    for (const [key, { forgetAt }] of this.#revocations) {
      if (longestUntil(forgetAt, now) <= 0) {
        this.#revocations.delete(key);
      }
    }
  }
}

function keyOf(kind: StoredRevocation['kind'], id: string): string {
  return `${kind}:${id}`;
}
