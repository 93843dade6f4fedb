import { Refusal } from '../protocol/refusal.js';

/** Bounds on connections that are not authenticated yet. */
export interface PendingLimits {
  readonly maxPending: number;
  readonly maxPendingPerAddress: number;
}

/** Whoever takes a place, and gives the same one back. */
export interface PlaceHolder {
  /** Asked for when somebody else has a place as well, so that it may cost something. */
  readonly address: string;
}

/**
 * Counts upgrades and sockets that are not authenticated yet, in all and by address, so that a flood costs no more memory
 * than configured.
 */
export class PendingBudget {
  readonly #byAddress = new Map<string, number>();
  /** Who came when nobody else was there, and is not counted by address. Most are gone before the next one comes. */
  #alone: PlaceHolder | undefined;
  #total = 0;

  constructor(private readonly limits: PendingLimits) {}

  get total(): number {
    return this.#total;
  }

  /** Takes a place; a refusal means that there is none. */
  take(holder: PlaceHolder): Refusal | undefined {
    if (this.#total >= this.limits.maxPending) {
      return new Refusal('ERR_WS_AUTH_OVERLOADED');
    }
    if (this.#total === 0) {
      this.#total = 1;
      this.#alone = holder;
      return undefined;
    }
    if (this.#alone) {
      this.#byAddress.set(this.#alone.address, 1);
      this.#alone = undefined;
    }
    const ofAddress = this.#byAddress.get(holder.address) ?? 0;
    if (ofAddress >= this.limits.maxPendingPerAddress) {
      return new Refusal('ERR_WS_AUTH_TOO_MANY_ATTEMPTS');
    }
    this.#total += 1;
    this.#byAddress.set(holder.address, ofAddress + 1);
    return undefined;
  }

  /** Gives a place back. */
  release(holder: PlaceHolder): void {
    this.#total -= 1;
    if (this.#alone === holder) {
      this.#alone = undefined;
      return;
    }
    const left = (this.#byAddress.get(holder.address) ?? 0) - 1;
    if (left > 0) {
      this.#byAddress.set(holder.address, left);
    } else {
      this.#byAddress.delete(holder.address);
    }
  }
}
