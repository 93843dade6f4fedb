import { refusedBy, type Refusal } from '../protocol/refusal.js';
import { PendingPot } from './pending-pot.js';

/** Bounds on connections that are not authenticated yet. */
export interface PendingLimits {
  readonly maxPending: number;
  readonly maxPendingPerAddress: number;
}

/** Holder of a pending slot. */
export interface SlotHolder {
  /** Read only when two clients are pending at the same time: asking the kernel for it has a price. */
  readonly address: string;
}

/** Ends a client that gives up its slot. */
type Evict = () => void;

/** Strategies that still run after their client has left, by address, since an instant in monotonic milliseconds. */
interface Abandoned {
  readonly address: string;
  readonly since: number;
}

/**
 * Time in milliseconds for which a strategy that does not end keeps the slot of a client that has left. A strategy that
 * never ends would otherwise hold it as long as the process lives.
 */
export const abandonedHoldMs = 60_000;

/**
 * Counts upgrades and sockets that are not authenticated yet, in all and by address, so that a flood costs no more memory
 * and no more work than configured.
 *
 * Clients that present a credential and clients that wait for their first message do not starve each other: the former
 * evict the oldest of the latter when all slots are taken, and leave a share of the slots to them.
 */
export class PendingBudget {
  readonly #all: PendingPot<SlotHolder>;
  readonly #byAddress = new Map<string, PendingPot<SlotHolder>>();
  /** Holders that presented nothing in their upgrade. */
  readonly #waiting = new Set<SlotHolder>();
  readonly #evictions = new Map<SlotHolder, Evict>();
  readonly #evicted = new WeakSet<SlotHolder>();
  /** Oldest first. */
  readonly #abandoned = new Set<Abandoned>();
  /** The only holder, while it is alone: it is not counted by address. Most are gone before the next one comes. */
  #alone: SlotHolder | undefined;

  constructor(private readonly limits: PendingLimits) {
    this.#all = new PendingPot(limits.maxPending);
  }

  /** Connections that are not authenticated yet. Strategies that have outlived their client are not among them. */
  get total(): number {
    return this.#all.used - this.#abandoned.size;
  }

  /**
   * Takes a slot, or refuses because all are taken.
   *
   * @param presents whether the upgrade presents a credential; called only when slots are scarce
   */
  take(holder: SlotHolder, presents: () => boolean = no): Refusal | undefined {
    if (this.#all.used === 0) {
      this.#all.used = 1;
      this.#alone = holder;
      return undefined;
    }
    this.#countAlone();
    const { address } = holder;
    const ofAddress = this.#byAddress.get(address);
    const scarce = this.#all.used >= this.#limitOfPresenting || ofAddress?.isFull === true;
    const refused = scarce ? this.#makeRoom(ofAddress, presents) : undefined;
    if (!refused) {
      this.#add(address);
    }
    return refused;
  }

  /** Gives a slot back. */
  release(holder: SlotHolder): void {
    if (this.#evicted.delete(holder)) {
      return;
    }
    this.keep(holder);
    this.#waiting.delete(holder);
    if (this.#alone === holder) {
      this.#alone = undefined;
      this.#all.used -= 1;
    } else {
      this.#subtract(holder.address);
    }
  }

  /**
   * From now on the holder, which presented nothing in its upgrade, loses its slot to a client that presents a credential,
   * if there is no other.
   */
  mayEvict(holder: SlotHolder, evict: Evict): void {
    if (this.#evicted.has(holder)) {
      return;
    }
    this.#countAlone();
    this.#waiting.add(holder);
    this.#evictions.set(holder, evict);
    this.#all.mayEvict(holder);
    this.#byAddress.get(holder.address)?.mayEvict(holder);
  }

  /** From now on the holder keeps its slot until it gives it back. */
  keep(holder: SlotHolder): void {
    if (this.#evictions.delete(holder)) {
      this.#all.keep(holder);
      this.#byAddress.get(holder.address)?.keep(holder);
    }
  }

  /**
   * Gives a slot back whose client has left while a strategy still runs: the strategy keeps it until it has ended, for at
   * most {@link abandonedHoldMs}.
   *
   * @returns a function to call when the strategy has ended
   */
  abandon(holder: SlotHolder): () => void {
    this.release(holder);
    return this.adopt(holder);
  }

  /** The same for a strategy that held no slot while it ran, such as one that judged a renewal. */
  adopt({ address }: SlotHolder): () => void {
    this.#countAlone();
    this.#forgetOldAbandoned();
    const abandoned = { address, since: performance.now() };
    this.#abandoned.add(abandoned);
    this.#add(address);
    return () => this.#endAbandoned(abandoned);
  }

  get #limitOfPresenting(): number {
    return this.#all.limit - waitingShare(this.#all.limit);
  }

  /** Finds a slot for a client, which may be that of another one. */
  #makeRoom(
    ofAddress: PendingPot<SlotHolder> | undefined,
    presents: () => boolean,
  ): Refusal | undefined {
    this.#forgetOldAbandoned();
    const presenting = presents();
    const tooMany = presenting && this.#all.used - this.#waiting.size >= this.#limitOfPresenting;
    if (tooMany || !this.#all.admits(presenting)) {
      return refusedBy('max-pending', 'ERR_WS_AUTH_OVERLOADED');
    }
    if (ofAddress?.admits(presenting) === false) {
      return refusedBy('max-pending-per-address', 'ERR_WS_AUTH_TOO_MANY_ATTEMPTS');
    }
    for (const pot of [ofAddress, this.#all]) {
      if (pot?.isFull) {
        this.#evict(pot.oldest!);
      }
    }
    return undefined;
  }

  #evict(holder: SlotHolder): void {
    const evict = this.#evictions.get(holder)!;
    this.release(holder);
    this.#evicted.add(holder);
    evict();
  }

  #countAlone(): void {
    const holder = this.#alone;
    if (holder) {
      this.#alone = undefined;
      this.#all.used -= 1;
      this.#add(holder.address);
    }
  }

  #add(address: string): void {
    this.#all.used += 1;
    const known = this.#byAddress.get(address);
    const ofAddress = known ?? new PendingPot<SlotHolder>(this.limits.maxPendingPerAddress);
    ofAddress.used += 1;
    if (!known) {
      this.#byAddress.set(address, ofAddress);
    }
  }

  #subtract(address: string): void {
    this.#all.used -= 1;
    const ofAddress = this.#byAddress.get(address);
    if (ofAddress && (ofAddress.used -= 1) <= 0) {
      this.#byAddress.delete(address);
    }
  }

  #forgetOldAbandoned(): void {
    const before = performance.now() - abandonedHoldMs;
    for (const abandoned of this.#abandoned) {
      if (abandoned.since > before) {
        return;
      }
      this.#endAbandoned(abandoned);
    }
  }

  #endAbandoned(abandoned: Abandoned): void {
    if (this.#abandoned.delete(abandoned)) {
      this.#subtract(abandoned.address);
    }
  }
}

function no(): boolean {
  return false;
}

/**
 * Slots that clients which present a credential leave to the others, so that slow strategies do not keep out a client that
 * has yet to send its first message. With few slots there is no share to leave.
 */
function waitingShare(maxPending: number): number {
  return maxPending < 64 ? 0 : maxPending >>> 3;
}
