import { Refusal } from '../protocol/refusal.js';

/** Bounds on connections that are not authenticated yet. */
export interface PendingLimits {
  readonly maxPending: number;
  readonly maxPendingPerAddress: number;
}

/**
 * Counts upgrades and sockets that are not authenticated yet, in all and by address, so that a flood costs no more memory
 * than configured.
 */
export class PendingBudget {
  readonly #byAddress = new Map<string, number>();
  #total = 0;

  constructor(private readonly limits: PendingLimits) {}

  get total(): number {
    return this.#total;
  }

  /** Takes a place; a refusal means that there is none. */
  take(address: string): Refusal | undefined {
    if (this.#total >= this.limits.maxPending) {
      return new Refusal('ERR_WS_AUTH_OVERLOADED');
    }
    const ofAddress = this.#byAddress.get(address) ?? 0;
    if (ofAddress >= this.limits.maxPendingPerAddress) {
      return new Refusal('ERR_WS_AUTH_TOO_MANY_ATTEMPTS');
    }
    this.#total += 1;
    this.#byAddress.set(address, ofAddress + 1);
    return undefined;
  }

  /** Gives a place back. */
  release(address: string): void {
    const left = (this.#byAddress.get(address) ?? 0) - 1;
    this.#total -= 1;
    if (left > 0) {
      this.#byAddress.set(address, left);
    } else {
      this.#byAddress.delete(address);
    }
  }
}
