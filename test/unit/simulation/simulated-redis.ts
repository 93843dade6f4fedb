import { WsAuthStoreError } from '../../../lib/errors/ws-auth-store.error.js';
import { MemoryLeases } from '../../../lib/store/memory-leases.js';
import { MemoryPresence } from '../../../lib/store/memory-presence.js';
import type {
  LeaseAnswer,
  LeaseClaim,
  NodeRecord,
  RevocationQuestion,
  RevocationPage,
  SessionLease,
  StoredRevocation,
  StoredTicket,
} from '../../../lib/store/ws-auth-store.js';
import { SimulatedStream } from './simulated-stream.js';
import type { VirtualTime } from './virtual-time.js';

/** Rules of the store that a schedule may take out, to show that it finds what they are for. */
export interface StoreRules {
  /** D4: questions fail on a primary that has lost its replicas, as writes do. */
  readonly questionsDemandReplicas: boolean;
  /** D6: a cursor counts only while its entry is there. */
  readonly cursorNamesEntry: boolean;
}

type Write = (redis: SimulatedRedis) => unknown;

/** A write, with the true time and the clock at which the primary carried it out: replicas repeat it by that clock. */
interface LoggedWrite {
  readonly at: number;
  readonly clock: number;
  readonly write: Write;
  readonly subject: string;
  /** Milliseconds after which nothing is left of it. */
  readonly keptMs: number;
}

/** Longest life of a ticket in milliseconds, and by how much clocks of primaries differ. */
const ticketMs = 60_000;
const clocksMs = 20_000;

/** Of presence a replica has nothing, so that all nodes have to notice. */
const never = Number.NEGATIVE_INFINITY;

/**
 * A primary as the scripts of `lib/redis` see it: a stream of revocations with ids from its clock, keys, leases and presence. It is
 * the specification of those scripts, with `min-replicas-to-write 1`.
 */
export class SimulatedRedis {
  #stream: SimulatedStream;
  #kept = new Map<string, number>();
  #tickets = new Map<string, { readonly payload: string; readonly endsAt: number }>();
  #leases = new MemoryLeases();
  #presence = new MemoryPresence();
  #log: LoggedWrite[] = [];
  /** The clock of the write that is carried out. */
  #clock = 0;
  /** Whether another primary has taken its place, so that its replicas are gone. */
  isIsolated = false;
  onRevocation: () => void = () => undefined;

  constructor(
    private readonly time: VirtualTime,
    readonly skewMs: number,
    private readonly rules: StoreRules,
  ) {
    this.#stream = new SimulatedStream(rules.cursorNamesEntry);
  }

  /** Epoch milliseconds. */
  get clock(): number {
    return this.time.wallClock + this.skewMs;
  }

  /**
   * The replica that takes its place: it has the writes until that time, and its own clock. What it lost is named. Nodes publish
   * their presence again.
   *
   * @param until milliseconds of virtual time
   */
  promote(skewMs: number, until: number): { promoted: SimulatedRedis; lost: string[] } {
    const promoted = new SimulatedRedis(this.time, skewMs, this.rules);
    const { now } = this.time;
    const known = this.#log.filter(({ at }) => at <= until);
    for (const logged of known) {
      if (logged.at + logged.keptMs + clocksMs > now) {
        promoted.#carryOut(logged);
      }
    }
    this.isIsolated = true;
    return { promoted, lost: this.#log.slice(known.length).map(({ subject }) => subject) };
  }

  /** Forgets everything, as `FLUSHALL` does. */
  flush(): void {
    this.#write('flush', Number.POSITIVE_INFINITY, (redis) => {
      redis.#stream = new SimulatedStream(this.rules.cursorNamesEntry);
      redis.#kept = new Map();
      redis.#tickets = new Map();
      redis.#leases = new MemoryLeases();
      redis.#presence = new MemoryPresence();
    });
  }

  /** Forgets entries of the stream that are older than this time in milliseconds. */
  trim(olderMs: number): void {
    this.#write('trim', Number.POSITIVE_INFINITY, (redis) =>
      redis.#stream.trim(redis.#clock - olderMs),
    );
  }

  putTicket({ digest, payload, ttlMs }: StoredTicket): void {
    this.#write(`issue ${digest}`, ticketMs, (redis) =>
      redis.#tickets.set(digest, { payload, endsAt: redis.#clock + ttlMs }),
    );
  }

  takeTicket(digest: string): string | undefined {
    return this.#write(`take ${digest}`, ticketMs, (redis) => {
      const ticket = redis.#tickets.get(digest);
      redis.#tickets.delete(digest);
      return ticket && ticket.endsAt > redis.#clock ? ticket.payload : undefined;
    }) as string | undefined;
  }

  addRevocation(revocation: StoredRevocation): void {
    const { kind, id, before } = revocation;
    this.#write(`${kind} ${id}`, Number.POSITIVE_INFINITY, (redis) => {
      const key = `${kind}:${id}`;
      redis.#kept.set(key, Math.max(before, redis.#kept.get(key) ?? before));
      redis.#stream.add(revocation, redis.#clock);
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
    return this.#stream.since(cursor, this.clock);
  }

  claimLease(claim: LeaseClaim): LeaseAnswer {
    return this.#write('lease', claim.leaseMs, (redis) =>
      redis.#leases.claim(claim),
    ) as LeaseAnswer;
  }

  renewLeases(leases: readonly SessionLease[], leaseMs: number): void {
    this.#write('lease', leaseMs, (redis) =>
      leases.forEach((each) => redis.#leases.renew(each, leaseMs)),
    );
  }

  releaseLease(lease: SessionLease): void {
    this.#write('lease', ticketMs, (redis) => redis.#leases.release(lease));
  }

  putPresence(
    node: string,
    records: ReadonlyMap<string, string | undefined>,
    leaseMs: number,
  ): boolean {
    return this.#write('presence', never, (redis) =>
      redis.#presence.put(node, records, leaseMs),
    ) as boolean;
  }

  endPresence(node: string): void {
    this.#write('presence', never, (redis) => redis.#presence.end(node));
  }

  presenceOf(userId: string): readonly NodeRecord[] {
    this.#question();
    return this.time.runOn(this.#machineAt(this.clock), () => this.#presence.of(userId));
  }

  #question(): void {
    if (this.isIsolated && this.rules.questionsDemandReplicas) {
      throw new WsAuthStoreError('NOREPLICAS');
    }
  }

  #write(subject: string, keptMs: number, write: Write): unknown {
    if (this.isIsolated) {
      throw new WsAuthStoreError('NOREPLICAS');
    }
    return this.#carryOut({ at: this.time.now, clock: this.clock, write, subject, keptMs });
  }

  #carryOut(logged: LoggedWrite): unknown {
    this.#log.push(logged);
    this.#clock = logged.clock;
    return this.time.runOn(this.#machineAt(logged.clock), () => logged.write(this));
  }

  /** Leases and presence read the wall clock. */
  #machineAt(clock: number) {
    return { skewMs: clock - this.time.wallClock, isDead: false };
  }
}
