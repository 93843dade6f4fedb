import { WsAuthStoreError } from '../../../lib/errors/ws-auth-store.error.js';
import type {
  LeaseAnswer,
  LeaseClaim,
  NodeRecord,
  RevocationPage,
  RevocationQuestion,
  SessionLease,
  StoredRevocation,
  StoredTicket,
  WsAuthStore,
} from '../../../lib/store/ws-auth-store.js';
import type { Random } from './random.js';
import type { SimulatedRedis } from './simulated-redis.js';
import type { VirtualTime } from './virtual-time.js';

/** Time in milliseconds after which a client of Redis gives up. */
const timeoutMs = 1_000;

/** Longest way of a request or an answer, in milliseconds; and of a request while Redis is slow, which it carries out after the time-out. */
const longestWayMs = 60;
const slowWayMs = 2_500;

/** The network between a node and the primary that it takes for the right one. */
export class SimulatedLink implements WsAuthStore {
  readonly #watchers = new Set<() => void>();
  #redis: SimulatedRedis;
  /** Probability with which a request or an answer is lost: 1 is a cut. */
  lossRate = 0;
  /** Whether Redis carries out requests late. */
  isSlow = false;
  /** Milliseconds of virtual time at which the link was last faulty. */
  #faultyAt = Number.NEGATIVE_INFINITY;
  /** When Redis carries out the last publication of presence: they stay in order, since each waits for the one before. */
  #presenceAt = 0;
  /** Absent without the rule of D5: then each node dates by its own clock. */
  readonly now?: () => Promise<number>;

  constructor(
    private readonly time: VirtualTime,
    private readonly random: Random,
    redis: SimulatedRedis,
    hasClock: boolean,
  ) {
    this.#redis = redis;
    if (hasClock) {
      this.now = () => this.#ask(({ clock }) => clock);
    }
  }

  get redis(): SimulatedRedis {
    return this.#redis;
  }

  /** Since when the link has been without a fault, in milliseconds of virtual time. */
  get wholeSince(): number {
    const isFaulty = this.lossRate > 0 || this.isSlow || this.#redis.isIsolated;
    return isFaulty ? Number.POSITIVE_INFINITY : this.#faultyAt;
  }

  attachTo(redis: SimulatedRedis): void {
    this.#redis = redis;
    this.#faultyAt = this.time.now;
    this.notify();
  }

  damage(lossRate: number): void {
    this.lossRate = lossRate;
  }

  mend(): void {
    this.lossRate = 0;
    this.isSlow = false;
    this.#faultyAt = this.time.now;
    this.notify();
  }

  /** Notices are late, doubled, or lost. */
  notify(): void {
    const copies = this.random.chance(0.1) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      this.time.at(this.time.now + this.#way(), () => this.#deliverNotice());
    }
  }

  putTicket(ticket: StoredTicket): Promise<void> {
    return this.#ask((redis) => redis.putTicket(ticket));
  }

  takeTicket(digest: string): Promise<string | undefined> {
    return this.#ask((redis) => redis.takeTicket(digest));
  }

  addRevocation(revocation: StoredRevocation): Promise<void> {
    return this.#ask((redis) => redis.addRevocation(revocation));
  }

  isRevoked(question: RevocationQuestion): Promise<boolean> {
    return this.#ask((redis) => redis.isRevoked(question));
  }

  revocationsSince(cursor: string | undefined): Promise<RevocationPage> {
    return this.#ask((redis) => redis.revocationsSince(cursor));
  }

  claimLease(claim: LeaseClaim): Promise<LeaseAnswer> {
    return this.#ask((redis) => redis.claimLease(claim));
  }

  renewLeases(leases: readonly SessionLease[], leaseMs: number): Promise<void> {
    return this.#ask((redis) => redis.renewLeases(leases, leaseMs));
  }

  releaseLease(lease: SessionLease): Promise<void> {
    return this.#ask((redis) => redis.releaseLease(lease));
  }

  putPresence(
    node: string,
    records: ReadonlyMap<string, string | undefined>,
    leaseMs: number,
  ): Promise<boolean> {
    const delayMs = Math.max(this.#requestWay(), this.#presenceAt - this.time.now);
    this.#presenceAt = this.time.now + delayMs;
    return this.#ask((redis) => redis.putPresence(node, records, leaseMs), delayMs);
  }

  presenceOf(userId: string): Promise<readonly NodeRecord[]> {
    return this.#ask((redis) => redis.presenceOf(userId));
  }

  endPresence(node: string): Promise<void> {
    return this.#ask((redis) => redis.endPresence(node));
  }

  watch(onChange: () => void): () => Promise<void> {
    const notify = this.time.bind(onChange);
    this.#watchers.add(notify);
    return () => {
      this.#watchers.delete(notify);
      return Promise.resolve();
    };
  }

  /** What Redis carries out may have its answer lost or too late, so that the node does not know. */
  #ask<Answer>(
    question: (redis: SimulatedRedis) => Answer,
    delayMs = this.#requestWay(),
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new WsAuthStoreError('no answer')), timeoutMs);
      const answer = (settle: () => void) => {
        if (!this.#loses()) {
          setTimeout(() => {
            clearTimeout(timer);
            settle();
          }, this.#way());
        }
      };
      setTimeout(() => {
        if (!this.#loses()) {
          carryOut(() => question(this.#redis), { answer, resolve, reject });
        }
      }, delayMs);
    });
  }

  #deliverNotice(): void {
    if (!this.#loses()) {
      this.#watchers.forEach((notify) => notify());
    }
  }

  #loses(): boolean {
    return this.lossRate > 0 && this.random.chance(this.lossRate);
  }

  #requestWay(): number {
    return this.isSlow ? this.random.between(1, slowWayMs) : this.#way();
  }

  #way(): number {
    return this.random.between(1, longestWayMs);
  }
}

interface Asked<Answer> {
  readonly answer: (settle: () => void) => void;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (cause: unknown) => void;
}

function carryOut<Answer>(question: () => Answer, { answer, resolve, reject }: Asked<Answer>) {
  try {
    const given = question();
    answer(() => resolve(given));
  } catch (cause) {
    answer(() => reject(cause));
  }
}
