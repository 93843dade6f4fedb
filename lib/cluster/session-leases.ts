import { refusedBy, unavailable, type Refusal } from '../protocol/refusal.js';
import { inTime } from '../store/in-time.js';
import { leaseAnswer } from '../store/store-answers.js';
import type {
  LeaseAnswer,
  LeaseClaim,
  SessionLease,
  StoredRevocation,
  WsAuthStore,
} from '../store/ws-auth-store.js';
import type { WsAuthSession } from '../sessions/session.js';

/** How many sessions a user may have on all nodes, and what becomes of one too many. */
export interface LeaseLimit {
  readonly maxSessionsPerUser: number;
  readonly onLimit: LeaseClaim['onLimit'];
}

/** The store of the leases, and what they need of this node. */
export interface SessionLeasesOptions {
  readonly store: Pick<
    WsAuthStore,
    'claimLease' | 'renewLeases' | 'releaseLease' | 'addRevocation'
  >;
  /** Time in milliseconds after which the leases of a node that has died are free again. */
  readonly leaseMs: number;
  readonly isLive: (sessionId: string) => boolean;
  /** Ends a session of this process that has lost its lease. */
  apply(revocation: StoredRevocation): void;
  /** Ends sessions of this process whose leases have expired, since the store could not be reached to renew them. */
  endExpired(sessionIds: readonly string[]): void;
}

/** Milliseconds by which a timer may be early. */
const timerMs = 1;

/** A lease that this process holds. */
interface HeldLease extends SessionLease {
  /** When the store was last asked for it with success, or is asked for it at first: monotonic milliseconds. */
  readonly securedAt: number;
}

/**
 * Limits the sessions of a user on all nodes: each session holds a lease in the shared store, which its node renews.
 *
 * Nothing is assumed about the order in which the store carries out what it is asked for at the same time: a lease that is
 * given back while it is claimed or renewed is given back once more afterwards.
 */
export class SessionLeases {
  /** Leases of this process, from the moment they are claimed. */
  readonly #held = new Map<string, HeldLease>();
  /** What the store is asked for at present. */
  readonly #asked = new Set<Promise<unknown>>();
  readonly #renewal: NodeJS.Timeout;
  #expiry: NodeJS.Timeout | undefined;

  constructor(private readonly options: SessionLeasesOptions) {
    const renew = () => void this.#ask(this.#renew());
    this.#renewal = setInterval(renew, Math.ceil(options.leaseMs / 4));
    this.#renewal.unref();
  }

  /**
   * Claims a lease for a session that is about to begin. Refuses it if none is free, or if the store does not answer. Where
   * the oldest session makes room, it does so in {@link makeRoom}, once the newest is there.
   */
  async enter(session: WsAuthSession, limit: LeaseLimit): Promise<Refusal | undefined> {
    const claim = this.#claimOf(session, limit, 'refuse');
    if (!claim) {
      return undefined;
    }
    try {
      const answer = await this.#ask(this.#claim(claim));
      return answer === 'full'
        ? refusedBy('max-sessions-per-user', 'ERR_WS_AUTH_TOO_MANY_SESSIONS')
        : undefined;
    } catch (cause) {
      return unavailable(cause);
    }
  }

  /** Whether a session has lost the lease that it had to take before it begins: to a newer one of another gateway. */
  hasLost(session: WsAuthSession, limit: LeaseLimit): boolean {
    return this.#claimOf(session, limit, 'refuse') !== undefined && !this.#held.has(session.id);
  }

  /**
   * Claims a lease for a session that has begun, and ends the oldest sessions of its user if there are too many.
   *
   * @throws {WsAuthStoreError} if the store does not answer, since it is unknown then whether there are.
   */
  async makeRoom(session: WsAuthSession, limit: LeaseLimit): Promise<void> {
    const claim = this.#claimOf(session, limit, 'closeOldest');
    const replaced = claim ? await this.#ask(this.#claim(claim)) : [];
    await Promise.all(replaced === 'full' ? [] : replaced.map((id) => this.#replace(id)));
  }

  /** Releases the lease of a session, if it has one. Not awaited: a lease that is not released expires. */
  release({ id }: Pick<WsAuthSession, 'id'>): void {
    const lease = this.#held.get(id);
    if (lease) {
      this.#held.delete(id);
      this.#giveBack(lease);
    }
  }

  /** Ends the renewals, gives back what is left, and waits for what the store is asked for. */
  async stop(): Promise<void> {
    clearInterval(this.#renewal);
    clearTimeout(this.#expiry);
    for (const id of this.#held.keys()) {
      this.release({ id });
    }
    while (this.#asked.size > 0) {
      await Promise.allSettled(this.#asked);
    }
  }

  #claimOf(
    { id, userId }: WsAuthSession,
    { maxSessionsPerUser, onLimit }: LeaseLimit,
    way: LeaseClaim['onLimit'],
  ): LeaseClaim | undefined {
    if (
      onLimit !== way ||
      userId === undefined ||
      maxSessionsPerUser === Number.POSITIVE_INFINITY
    ) {
      return undefined;
    }
    const { leaseMs } = this.options;
    return { userId, sessionId: id, limit: maxSessionsPerUser, leaseMs, onLimit };
  }

  async #claim(claim: LeaseClaim): Promise<LeaseAnswer> {
    const { userId, sessionId } = claim;
    this.#held.set(sessionId, { userId, sessionId, securedAt: performance.now() });
    let answer: LeaseAnswer;
    try {
      answer = leaseAnswer(await this.options.store.claimLease(claim));
    } catch (error) {
      // An answer that is lost may have been a yes.
      this.#held.delete(sessionId);
      this.#giveBack(claim);
      throw error;
    }
    if (answer === 'full') {
      this.#held.delete(sessionId);
    } else if (!this.#held.has(sessionId)) {
      this.#giveBack(claim);
    }
    return answer;
  }

  /** Ends a session that has lost its lease, on whichever node it is. */
  async #replace(id: string): Promise<void> {
    const { leaseMs, store } = this.options;
    const revocation = { kind: 'replaced', id, before: Date.now(), rememberMs: leaseMs } as const;
    this.options.apply(revocation);
    await inTime(store.addRevocation(revocation));
  }

  #giveBack({ userId, sessionId }: SessionLease): void {
    void this.#ask(this.#tryToGiveBack({ userId, sessionId }));
  }

  async #tryToGiveBack(lease: SessionLease): Promise<void> {
    try {
      await this.options.store.releaseLease(lease);
    } catch {
      // The lease expires by itself.
    }
  }

  async #renew(): Promise<void> {
    const { store, leaseMs } = this.options;
    this.#forgetNeverBegun();
    this.#endExpired();
    const live = this.#live();
    const securedAt = performance.now();
    try {
      await inTime(store.renewLeases(live, leaseMs));
      this.#secure(live, securedAt);
    } catch {
      // The next renewal tries again, and the node notices elsewhere that it has lost its store.
    }
    live
      .filter(({ sessionId }) => !this.#held.has(sessionId))
      .forEach((ended) => this.#giveBack(ended));
  }

  #live(): HeldLease[] {
    return [...this.#held.values()].filter(({ sessionId }) => this.options.isLive(sessionId));
  }

  #secure(leases: readonly HeldLease[], securedAt: number): void {
    for (const lease of leases) {
      if (this.#held.has(lease.sessionId)) {
        this.#held.set(lease.sessionId, { ...lease, securedAt });
      }
    }
    this.#watchExpiry();
  }

  /**
   * Has sessions end with their leases. A node that reaches its store now and then may read revocations in time, and yet renew no lease:
   * other nodes give it away, and the user would have one session too many.
   */
  #watchExpiry(): void {
    const { leaseMs } = this.options;
    const now = performance.now();
    clearTimeout(this.#expiry);
    let soonestMs = Number.POSITIVE_INFINITY;
    for (const { securedAt } of this.#live()) {
      const leftMs = securedAt + leaseMs - now;
      soonestMs = leftMs > timerMs ? Math.min(soonestMs, leftMs) : soonestMs;
    }
    if (soonestMs !== Number.POSITIVE_INFINITY) {
      this.#expiry = setTimeout(() => this.#endExpired(), Math.floor(soonestMs));
      this.#expiry.unref();
    }
  }

  #endExpired(): void {
    const latest = performance.now() + timerMs - this.options.leaseMs;
    const expired = this.#live().filter(({ securedAt }) => securedAt <= latest);
    this.options.endExpired(expired.map(({ sessionId }) => sessionId));
    this.#watchExpiry();
  }

  /** A connection may fail after it has taken its lease; what is not renewed is free by now. */
  #forgetNeverBegun(): void {
    const { leaseMs, isLive } = this.options;
    for (const { sessionId, securedAt } of this.#held.values()) {
      if (!isLive(sessionId) && performance.now() - securedAt > leaseMs) {
        this.#held.delete(sessionId);
      }
    }
  }

  /** Has {@link stop} wait for the answer. */
  async #ask<Answer>(answer: Promise<Answer>): Promise<Answer> {
    this.#asked.add(answer);
    try {
      return await answer;
    } finally {
      this.#asked.delete(answer);
    }
  }
}
