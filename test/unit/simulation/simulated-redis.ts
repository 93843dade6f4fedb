import { WsAuthStoreError } from '../../../lib/errors/ws-auth-store.error.js';
import { MemoryLeases } from '../../../lib/store/memory-leases.js';
import type {
  LeaseAnswer,
  LeaseClaim,
  RevocationPage,
  RevocationQuestion,
  SessionLease,
  StoredRevocation,
  StoredTicket,
} from '../../../lib/store/ws-auth-store.js';
import type { Machine, VirtualTime } from './virtual-time.js';

/** Rules of the store that a schedule may take out, to show that it finds what they are for. */
export interface StoreRules {
  /** D4: questions fail on a primary that has lost its replicas, as writes do. */
  readonly questionsDemandReplicas: boolean;
  /** D6: a cursor counts only while its entry is there. */
  readonly cursorNamesEntry: boolean;
}

interface Entry {
  /** Epoch milliseconds by the clock of the primary, never before the entry before it. */
  readonly addedAt: number;
  readonly sequence: number;
  readonly revocation: StoredRevocation;
}

type Write = (redis: SimulatedRedis) => unknown;

/** A write, with the true time and the clock at which the primary carried it out: replicas repeat it by that clock. */
interface LoggedWrite {
  readonly at: number;
  readonly clock: number;
  readonly write: Write;
  readonly subject: string;
}

/**
 * A primary as the scripts of `lib/redis` see it: a stream of revocations with ids from its clock, keys, and leases. It is the
 * specification of those scripts, with `min-replicas-to-write 1`.
 */
export class SimulatedRedis implements Machine {
  readonly #entries: Entry[] = [];
  readonly #kept = new Map<string, number>();
  readonly #tickets = new Map<string, { readonly payload: string; readonly endsAt: number }>();
  readonly #leases = new MemoryLeases();
  readonly #log: LoggedWrite[] = [];
  /** The clock of the write that is carried out. */
  #clock = 0;
  isDead = false;
  /** Whether another primary has taken its place, so that its replicas are gone. */
  isIsolated = false;
  onRevocation: () => void = () => undefined;

  constructor(
    private readonly time: VirtualTime,
    readonly skewMs: number,
    private readonly rules: StoreRules,
  ) {}

  /** Epoch milliseconds. */
  get clock(): number {
    return this.time.wallClock + this.skewMs;
  }

  /**
   * The replica that takes its place: it has the writes until that time, and its own clock. What it lost is named.
   *
   * @param until milliseconds of virtual time
   */
  promote(skewMs: number, until: number): { promoted: SimulatedRedis; lost: string[] } {
    const promoted = new SimulatedRedis(this.time, skewMs, this.rules);
    const kept = this.#log.filter(({ at }) => at <= until);
    kept.forEach((logged) => promoted.#carryOut(logged));
    this.isIsolated = true;
    return { promoted, lost: this.#log.slice(kept.length).map(({ subject }) => subject) };
  }

  putTicket({ digest, payload, ttlMs }: StoredTicket): void {
    this.#write(`issue ${digest}`, (redis) =>
      redis.#tickets.set(digest, { payload, endsAt: redis.#clock + ttlMs }),
    );
  }

  takeTicket(digest: string): string | undefined {
    return this.#write(`take ${digest}`, (redis) => {
      const ticket = redis.#tickets.get(digest);
      redis.#tickets.delete(digest);
      return ticket && ticket.endsAt > redis.#clock ? ticket.payload : undefined;
    }) as string | undefined;
  }

  addRevocation(revocation: StoredRevocation): void {
    const { kind, id, before } = revocation;
    this.#write(`${kind} ${id}`, (redis) => {
      const key = `${kind}:${id}`;
      redis.#kept.set(key, Math.max(before, redis.#kept.get(key) ?? before));
      const last = redis.#entries.at(-1) ?? { addedAt: 0, sequence: 0 };
      const addedAt = Math.max(redis.#clock, last.addedAt);
      const sequence = addedAt === last.addedAt ? last.sequence + 1 : 0;
      redis.#entries.push({ addedAt, sequence, revocation });
    });
    this.onRevocation();
  }

  isRevoked({ userId, tokenId, tokenIds = [], sessionId, issuedAt }: RevocationQuestion): boolean {
    this.#question();
    const before = this.#kept.get(`user:${userId}`) ?? Number.NEGATIVE_INFINITY;
    return (
      (issuedAt ?? Number.NEGATIVE_INFINITY) <= before ||
      [tokenId, ...tokenIds].some((id) => this.#kept.has(`token:${id}`)) ||
      this.#kept.has(`session:${sessionId}`)
    );
  }

  revocationsSince(cursor: string | undefined): RevocationPage {
    this.#question();
    const fresh = this.#entries.slice(this.#placeAfter(cursor));
    const last = this.#entries.at(-1);
    const revocations = fresh.map(({ addedAt, revocation }) => ({
      ...revocation,
      rememberMs: Math.max(0, revocation.rememberMs - Math.max(0, this.clock - addedAt)),
    }));
    return { revocations, cursor: last ? idOf(last) : (cursor ?? '0-0') };
  }

  claimLease(claim: LeaseClaim): LeaseAnswer {
    return this.#write('lease', (redis) => redis.#leases.claim(claim)) as LeaseAnswer;
  }

  renewLeases(leases: readonly SessionLease[], leaseMs: number): void {
    this.#write('lease', (redis) => leases.forEach((each) => redis.#leases.renew(each, leaseMs)));
  }

  releaseLease(lease: SessionLease): void {
    this.#write('lease', (redis) => redis.#leases.release(lease));
  }

  /** Without the rule of D6, a cursor is an instant: everything counts as new only if the newest entry is older. */
  #placeAfter(cursor: string | undefined): number {
    const place = this.#entries.findIndex((entry) => idOf(entry) === cursor);
    if (place >= 0 || this.rules.cursorNamesEntry || cursor === undefined) {
      return place + 1;
    }
    const [addedAt = 0, sequence = 0] = cursor.split('-').map(Number);
    const isNewer = (entry: Entry) =>
      entry.addedAt > addedAt || (entry.addedAt === addedAt && entry.sequence > sequence);
    return Math.max(0, this.#entries.findIndex(isNewer));
  }

  #question(): void {
    if (this.isIsolated && this.rules.questionsDemandReplicas) {
      throw new WsAuthStoreError('NOREPLICAS');
    }
  }

  #write(subject: string, write: Write): unknown {
    if (this.isIsolated) {
      throw new WsAuthStoreError('NOREPLICAS');
    }
    const logged = { at: this.time.now, clock: this.clock, write, subject };
    return this.#carryOut(logged);
  }

  #carryOut(logged: LoggedWrite): unknown {
    this.#log.push(logged);
    this.#clock = logged.clock;
    // Leases read the wall clock.
    const skewMs = logged.clock - this.time.wallClock;
    return this.time.runOn({ skewMs, isDead: false }, () => logged.write(this));
  }
}

function idOf({ addedAt, sequence }: Pick<Entry, 'addedAt' | 'sequence'>): string {
  return `${addedAt}-${sequence}`;
}
