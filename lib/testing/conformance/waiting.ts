import { Deadlines } from '../deadlines.js';

/** The timer of the machine, also while a test moves the timers. */
const { setTimeout: startTimer } = globalThis;

/** Waits of one case, each with the same bound. */
export class Waiting {
  readonly #deadlines: Deadlines;

  constructor(timeoutMs: number) {
    this.#deadlines = new Deadlines(timeoutMs);
  }

  /** Follows a promise, and rejects when it takes too long. */
  within<Value>(what: string, promise: Promise<Value>): Promise<Value> {
    return this.#deadlines.within(promise, this.#lateError(what));
  }

  /** Resolves as soon as the condition holds. */
  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const late = this.#lateError(what);
    let isLate = false;
    const stop = this.#deadlines.start(() => (isLate = true));
    while (!(await holds())) {
      if (isLate) {
        throw late;
      }
      await nextTurn();
    }
    stop();
  }

  stop(): void {
    this.#deadlines.stop();
  }

  #lateError(what: string): Error {
    return new Error(`${what} did not happen within ${this.#deadlines.timeoutMs} ms`);
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    startTimer(resolve, 1);
  });
}
