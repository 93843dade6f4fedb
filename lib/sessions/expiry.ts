/** Longest delay of a timer; a longer one would fire at once. */
const maxDelayMs = 2 ** 31 - 1;

/** What to do on the way to the end. */
export interface ExpiryCallbacks {
  /** Called once, `warningMs` before the end. */
  onWarning(): void;
  /** Called once, at the end. */
  onEnd(): void;
}

/**
 * Watches over one instant: by the wall clock, and by the monotonic clock, so that setting the wall clock back extends
 * nothing. Timers longer than 2^31-1 ms are chained.
 */
export class Expiry {
  readonly #monotonicEnd: number;
  #timer: NodeJS.Timeout | undefined;
  #warned: boolean;
  #stopped = false;

  constructor(
    readonly at: number,
    private readonly warningMs: number,
    private readonly callbacks: ExpiryCallbacks,
  ) {
    this.#monotonicEnd = performance.now() + (at - Date.now());
    this.#warned = this.remainingMs <= warningMs;
    this.#arm();
  }

  /** Time left: what the stricter clock says. */
  get remainingMs(): number {
    return Math.min(this.at - Date.now(), this.#monotonicEnd - performance.now());
  }

  get isOver(): boolean {
    return Date.now() >= this.at || performance.now() >= this.#monotonicEnd;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #arm(): void {
    if (this.#stopped) {
      return;
    }
    const remaining = this.remainingMs - (this.#warned ? 0 : this.warningMs);
    const delay = Math.min(Math.max(Math.ceil(remaining), 1), maxDelayMs);
    this.#timer = setTimeout(wake, delay, this);
    this.#timer.unref();
  }

  /** @internal */
  wake(): void {
    if (this.isOver) {
      this.callbacks.onEnd();
      return;
    }
    if (!this.#warned && this.remainingMs <= this.warningMs) {
      this.#warned = true;
      this.callbacks.onWarning();
    }
    this.#arm();
  }
}

function wake(expiry: Expiry): void {
  expiry.wake();
}
