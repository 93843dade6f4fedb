import type { AbortableAttempt } from './abortable-attempt.js';
import { containCallbacks } from './contained-callbacks.js';
import { onAnswer } from './express-members.js';
import { isThenable } from './thenable.js';
import type { Outcome } from './outcome.js';
import { OwnContext } from './own-context.js';
import type { Strategy, StrategyActions } from './strategy.js';

/**
 * Runs one strategy to its first action.
 *
 * Passport's own middleware is not used: on `pass()` it never calls back and `@nestjs/passport` then lets the request
 * in with no user; a strategy that rejects hangs it, one that throws late ends the process, and one that settles twice
 * reports two users. Here the first action wins and the rest is silence.
 *
 * A strategy that has begun is waited for when the attempt is over as well: it holds the slot of its client until it ends,
 * and a failure counts against the client's address.
 *
 * @param observers methods that stand in for those of the strategy in this run
 * @param options what the strategy receives beside the request; it gets a copy
 */
export function runStrategy(
  strategy: Strategy,
  request: object,
  attempt: AbortableAttempt,
  observers?: object,
  options?: object,
): Promise<Outcome> {
  if (!attempt.running) {
    return Promise.resolve({ type: 'aborted' });
  }
  // A promise keeps the first outcome that it is resolved with.
  return new Promise((settle) => {
    const own = new OwnContext();
    /** No other call reports the end of a strategy that stopped with the attempt. */
    const interrupted = () => {
      if (!attempt.running) {
        settle({ type: 'aborted' });
      }
    };
    const actions = actionsOf(settle, request, own);
    const run: Strategy & StrategyActions = Object.assign(
      Object.create(strategy),
      actions,
      observers,
    );
    onAnswer(request, (answer) => settle({ type: 'answer', answer }));
    const fail = (error: unknown) => settle({ type: 'error', error });
    try {
      containCallbacks(run, strategy, fail);
      const returned = own.run(() => run.authenticate(request, { ...options }));
      if (isThenable(returned)) {
        returned.then(interrupted, fail);
      }
    } catch (error) {
      fail(error);
    }
  });
}

/**
 * The actions of one run. A promise goes on in the context of the code that waits for it, so an outcome keeps the one that the
 * strategy has set up.
 */
function actionsOf(
  settle: (outcome: Outcome) => void,
  request: object,
  own: OwnContext,
): StrategyActions {
  return {
    success: (user, info) => settle({ type: 'success', user, info, context: own.current() }),
    fail: (challenge, status) => settle(failure(challenge, status)),
    redirect: () => settle({ type: 'redirect' }),
    // Strategies of sessions set the user and pass; what they set later does not count.
    pass: () => {
      const { user } = request as { readonly user?: unknown };
      settle({ type: 'pass', user, context: own.current() });
    },
    error: (error) => settle({ type: 'error', error }),
  };
}

/** `fail(status)` is short for `fail(undefined, status)`. */
function failure(challenge: unknown, status: unknown): Outcome {
  return typeof challenge === 'number'
    ? { type: 'fail', challenge: undefined, status: challenge }
    : { type: 'fail', challenge, status };
}
