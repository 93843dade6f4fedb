import { runMiddleware, type MiddlewareRun } from '../../../lib/passport/express-request.js';
import { MiddlewareResponse } from '../../../lib/passport/middleware-response.js';
import type { AbortableAttempt } from '../../../lib/passport/abortable-attempt.js';
import { Strategies } from '../../../lib/passport/strategies.js';
import type { Strategy, StrategyActions } from '../../../lib/passport/strategy.js';

/** A strategy with the actions that a run installs on it. */
export type Acting = Strategy & StrategyActions;

/** Makes a strategy of one function, which acts through its first argument. */
export function strategyOf(act: (run: Acting, request: unknown) => unknown): Strategy {
  return {
    authenticate(this: Acting, request: unknown) {
      return act(this, request);
    },
  };
}

/** A registry of its own, so that tests share nothing. */
export function strategiesOf(registered: Readonly<Record<string, Strategy>>): Strategies {
  return new Strategies({ _strategy: (name) => registered[name] });
}

/** An attempt that a test ends by itself. */
export class ManualAttempt implements AbortableAttempt {
  readonly #controller = new AbortController();
  readonly #callbacks: (() => void)[] = [];

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get running(): boolean {
    return !this.signal.aborted;
  }

  onAbort(callback: () => void): void {
    if (this.signal.aborted) {
      callback();
    } else {
      this.#callbacks.push(callback);
    }
  }

  abort(): void {
    this.#controller.abort();
    this.#callbacks.forEach((callback) => callback());
  }
}

/** Runs middleware as an authenticator does, without its refusals: an answer has no result, and an error rejects. */
export function runThrough<Result>(
  run: Omit<MiddlewareRun<Result>, 'response' | 'refuse' | 'fail'>,
): Promise<Result | undefined> {
  return runMiddleware({
    ...run,
    response: new MiddlewareResponse(run.request),
    refuse: () => undefined,
    fail: (error) => rejected(error) as never,
  });
}

async function rejected(error: unknown): Promise<never> {
  throw error;
}
