import { MemoryPlaces } from './memory-places.js';
import type {
  PlaceAnswer,
  PlaceClaim,
  RevocationPage,
  RevocationQuestion,
  SessionPlace,
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

interface KeptInstant {
  readonly before: number;
  readonly forgetAt: number;
}

interface KeptRevocation {
  readonly sequence: number;
  readonly revocation: StoredRevocation;
  readonly forgetAt: number;
}

/**
 * Keeps tickets, revocations and places in this process, bounded: for one node, and for several applications in one test.
 *
 * @publicApi
 */
export class MemoryWsAuthStore implements WsAuthStore {
  /** Oldest first, by the order of insertion. */
  readonly #tickets = new Map<string, KeptTicket>();
  readonly #ticketsByUser = new Map<string, Set<string>>();
  /** By kind and id: what counts. */
  readonly #revocations = new Map<string, KeptInstant>();
  /** By kind, id and the session that stays: what was said, oldest first. */
  readonly #log = new Map<string, KeptRevocation>();
  readonly #places = new MemoryPlaces();
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
    const { kind, id, before, rememberMs, exceptSessionId = '' } = revocation;
    const said = { before, forgetAt: Date.now() + rememberMs };
    const key = keyOf(kind, id);
    this.#revocations.set(key, later(said, this.#revocations.get(key)));
    const logKey = `${exceptSessionId}:${key}`;
    const earlier = this.#log.get(logKey);
    const { forgetAt, ...latest } = later(said, earlier && instantOf(earlier));
    this.#sequence += 1;
    this.#log.delete(logKey);
    this.#log.set(logKey, {
      sequence: this.#sequence,
      revocation: { ...revocation, ...latest },
      forgetAt,
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
    const read = Number(cursor ?? 0);
    const after = read <= this.#sequence ? read : 0;
    const now = Date.now();
    const kept = [...this.#log.values()].filter(({ sequence }) => sequence > after);
    return Promise.resolve({
      revocations: kept.map(({ revocation, forgetAt }) => ({
        ...revocation,
        rememberMs: Math.max(0, forgetAt - now),
      })),
      cursor: String(this.#sequence),
    });
  }

  claimPlace(claim: PlaceClaim): Promise<PlaceAnswer> {
    this.#sweep();
    return Promise.resolve(this.#places.claim(claim));
  }

  renewPlaces(places: readonly SessionPlace[], leaseMs: number): Promise<void> {
    places.forEach((place) => this.#places.renew(place, leaseMs));
    return Promise.resolve();
  }

  releasePlace(place: SessionPlace): Promise<void> {
    this.#places.release(place);
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
    return kept && kept.forgetAt > Date.now() ? kept.before : Number.NEGATIVE_INFINITY;
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
    this.#places.sweep();
    for (const [digest, { expiresAt }] of this.#tickets) {
      if (expiresAt <= now) {
        this.#forgetTicket(digest);
      }
    }
    for (const kept of [this.#revocations, this.#log]) {
      for (const [key, { forgetAt }] of kept) {
        if (forgetAt <= now) {
          kept.delete(key);
        }
      }
    }
  }
}

function instantOf({ revocation, forgetAt }: KeptRevocation): KeptInstant {
  return { before: revocation.before, forgetAt };
}

function later(said: KeptInstant, earlier: KeptInstant = said): KeptInstant {
  return {
    before: Math.max(said.before, earlier.before),
    forgetAt: Math.max(said.forgetAt, earlier.forgetAt),
  };
}

function keyOf(kind: StoredRevocation['kind'], id: string): string {
  return `${kind}:${id}`;
}
