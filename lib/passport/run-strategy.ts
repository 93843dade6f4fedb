import { AsyncResource } from 'node:async_hooks';
import type { AbortableAttempt } from './abortable-attempt.js';
import type { Outcome } from './outcome.js';
import type { Strategy, StrategyActions } from './strategy.js';

/**
 * Runs one strategy to its first action.
 *
 * Passport's own middleware is not used: on `pass()` it calls nobody back and `@nestjs/passport` then lets the request
 * in with no user; a strategy that rejects hangs it, one that throws late ends the process, and one that settles twice
 * reports two users. Here the first action wins and the rest is silence.
 */
export function runStrategy(
  strategy: Strategy,
  request: object,
  attempt: AbortableAttempt,
): Promise<Outcome> {
  return new Promise((resolve) => {
    let over = false;
    attempt.onAbort(() => {
      over = true;
      resolve({ type: 'aborted' });
    });
    if (over) {
      return;
    }
    const actions: StrategyActions = {
      success: (user, info) => resolve({ type: 'success', user, info, context: here() }),
      fail: (challenge, status) => resolve(failure(challenge, status)),
      redirect: () => resolve({ type: 'redirect' }),
      // Strategies of sessions set the user and pass; what they set later does not count.
      pass: () => {
        const { user } = request as { readonly user?: unknown };
        resolve({ type: 'pass', user, context: here() });
      },
      error: (error) => resolve({ type: 'error', error }),
    };
    const run: Strategy & StrategyActions = Object.assign(Object.create(strategy), actions);
    try {
      const returned = run.authenticate(request, {});
      if (isThenable(returned)) {
        returned.then(undefined, (error: unknown) => resolve({ type: 'error', error }));
      }
    } catch (error) {
      resolve({ type: 'error', error });
    }
  });
}

/** A promise goes on in the context of the one who waits for it. What the strategy has set up would be lost. */
function here(): AsyncResource {
  return new AsyncResource('WsAuthSession');
}

/** `fail(status)` is short for `fail(undefined, status)`. */
function failure(challenge: unknown, status: unknown): Outcome {
  return typeof challenge === 'number'
    ? { type: 'fail', challenge: undefined, status: challenge }
    : { type: 'fail', challenge, status };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<PromiseLike<unknown>>).then === 'function'
  );
}
