import { checkInteger, maxTimerMs } from '../policy/check-option.js';

/** The clock of the machine, also while a test moves the timers. */
const { setTimeout: startTimer, clearTimeout: stopTimer } = globalThis;

/** Whether a test moves the timers. */
export function areTimersFake(): boolean {
  return globalThis.setTimeout !== startTimer;
}

/** Bounds on what a client waits for, so that the error of a test which waits in vain names the missing event. */
export class Deadlines {
  readonly #running = new Set<NodeJS.Timeout>();

  /** @throws {WsAuthConfigurationError} for a time that is not a whole number: a timer takes it for 1, and every wait would fail. */
  constructor(readonly timeoutMs: number) {
    if (timeoutMs !== Number.POSITIVE_INFINITY) {
      checkInteger('timeoutMs', timeoutMs, { min: 1, max: maxTimerMs });
    }
  }

  /** Calls back when the time is over, and returns the function that prevents it. */
  start(onOver: () => void): () => void {
    if (this.timeoutMs === Number.POSITIVE_INFINITY) {
      return () => undefined;
    }
    const timer = startTimer(onOver, this.timeoutMs);
    this.#running.add(timer);
    return () => {
      this.#running.delete(timer);
      stopTimer(timer);
    };
  }

  /** Follows a promise, and rejects with the error when it takes too long. */
  within<Value>(promise: Promise<Value>, late: Error): Promise<Value> {
    return new Promise((resolve, reject) => {
      const stop = this.start(() => reject(late));
      promise.finally(stop).then(resolve, reject);
    });
  }

  /** Nothing is late any more. */
  stop(): void {
    this.#running.forEach(stopTimer);
    this.#running.clear();
  }
}
