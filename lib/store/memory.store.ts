import type {
  RevocationPage,
  RevocationQuestion,
  StoredRevocation,
  StoredTicket,
  TicketLimits,
  WsAuthStore,
} from './ws-auth-store.js';

interface KeptTicket {
  readonly userId: string;
  readonly payload: string;
  readonly expiresAt: number;
}

interface KeptRevocation {
  readonly sequence: number;
  readonly revocation: StoredRevocation;
  readonly forgetAt: number;
}

/**
 * Keeps tickets and revocations in this process, bounded: for one node, and for several applications in one test.
 *
 * @publicApi
 */
export class MemoryWsAuthStore implements WsAuthStore {
  /** Oldest first, by the order of insertion. */
  readonly #tickets = new Map<string, KeptTicket>();
  readonly #ticketsByUser = new Map<string, Set<string>>();
  /** By kind and id, oldest first. */
  readonly #revocations = new Map<string, KeptRevocation>();
  readonly #watchers = new Set<() => void>();
  #sequence = 0;
  #sweepAt = 0;

  putTicket(ticket: StoredTicket, { maxPerUser, maxTotal }: TicketLimits): Promise<void> {
    const { digest, userId, payload, ttlMs } = ticket;
    this.#sweep();
    const ofUser = this.#ticketsByUser.get(userId) ?? new Set<string>();
    this.#ticketsByUser.set(userId, ofUser.add(digest));
    this.#tickets.set(digest, { userId, payload, expiresAt: Date.now() + ttlMs });
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
    const valid = ticket !== undefined && ticket.expiresAt > Date.now();
    return Promise.resolve(valid ? ticket.payload : undefined);
  }

  addRevocation(revocation: StoredRevocation): Promise<void> {
    this.#sweep();
    const key = keyOf(revocation.kind, revocation.id);
    const earlier = this.#revocations.get(key);
    const forgetAt = Date.now() + revocation.rememberMs;
    const before = Math.max(revocation.before, earlier?.revocation.before ?? revocation.before);
    this.#sequence += 1;
    this.#revocations.delete(key);
    this.#revocations.set(key, {
      sequence: this.#sequence,
      revocation: { ...revocation, before },
      forgetAt: Math.max(forgetAt, earlier?.forgetAt ?? forgetAt),
    });
    for (const notify of this.#watchers) {
      setImmediate(notify);
    }
    return Promise.resolve();
  }

  isRevoked(question: RevocationQuestion): Promise<boolean> {
    const { userId, tokenId, sessionId, issuedAt } = question;
    const before = Math.max(this.#before('everybody', ''), this.#before('user', userId));
    const late =
      before > Number.NEGATIVE_INFINITY && (issuedAt === undefined || issuedAt <= before);
    return Promise.resolve(
      late ||
        this.#before('token', tokenId) > Number.NEGATIVE_INFINITY ||
        this.#before('session', sessionId) > Number.NEGATIVE_INFINITY,
    );
  }

  revocationsSince(cursor: string | undefined): Promise<RevocationPage> {
    const after = Number(cursor ?? 0);
    const kept = [...this.#revocations.values()].filter(({ sequence }) => sequence > after);
    return Promise.resolve({
      revocations: kept.map(({ revocation }) => revocation),
      cursor: String(this.#sequence),
    });
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
    return kept && kept.forgetAt > Date.now() ? kept.revocation.before : Number.NEGATIVE_INFINITY;
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
    const now = Date.now();
    if (now < this.#sweepAt) {
      return;
    }
    this.#sweepAt = now + 1_000;
    for (const [digest, { expiresAt }] of this.#tickets) {
      if (expiresAt <= now) {
        this.#forgetTicket(digest);
      }
    }
    for (const [key, { forgetAt }] of this.#revocations) {
      if (forgetAt <= now) {
        this.#revocations.delete(key);
      }
    }
  }
}

function keyOf(kind: StoredRevocation['kind'], id: string): string {
  return `${kind}:${id}`;
}
