/** Longest delay of a timer; a longer one would fire immediately. */
const maxDelayMs = 2 ** 31 - 1;

/**
 * Node keeps a list for every length of timer there is, and a queue of these lists. Waits are whole multiples of a step, so that
 * sessions which begin at any time, and end at the same, share a few lists, where each would have one of its own.
 */
const stepsMs = [10_000, 100, 1] as const;

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
    latestMonotonicEnd = Number.POSITIVE_INFINITY,
  ) {
    this.#monotonicEnd = Math.min(performance.now() + (at - Date.now()), latestMonotonicEnd);
    this.#warned = this.remainingMs <= warningMs;
    this.#arm();
  }

  /** Time left by the stricter clock. */
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
    this.#timer = setTimeout(wake, delayFor(remaining), this);
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

/** A long wait ends early, by less than a step, and is followed by a shorter one. */
function delayFor(remainingMs: number): number {
  const delay = Math.min(Math.max(Math.ceil(remainingMs), 1), maxDelayMs);
  const step = stepsMs.find((each) => each <= delay)!;
  return delay - (delay % step);
}

function wake(expiry: Expiry): void {
  expiry.wake();
}
