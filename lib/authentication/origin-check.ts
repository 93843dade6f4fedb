import type { Credential } from '../credentials/credential.js';
import { isThenable, type MaybePromise } from '../passport/maybe-promise.js';
import type { Policy } from '../policy/policy.js';
import { ownOrigin } from '../policy/proxy-trust.js';
import type { Attempt } from './attempt.js';
import type { UpgradeSubject } from './authenticator.js';

/**
 * Whether the page that opens a connection may do so with this credential. Most answers are there at once, and to wait for
 * them all the same costs every handshake a trip through the queue.
 */
export function isOriginAllowed(
  { handshake, request }: UpgradeSubject,
  credential: Credential | undefined,
  { origin, trust, readsRequest }: Policy,
  attempt: Attempt,
): MaybePromise<boolean> {
  const answer = askSafely(() =>
    origin({
      origin: handshake.origin,
      ownOrigin: () => ownOrigin(request, handshake.host, trust),
      ambient: credential !== undefined && (credential.ambient || readsRequest),
      cookie: credential?.cookie ?? false,
      request,
    }),
  );
  if (typeof answer === 'boolean') {
    return answer;
  }
  return new Promise((resolve) => {
    attempt.onAbort(() => resolve(false));
    answer.then(
      (allowed: unknown) => resolve(allowed === true),
      () => resolve(false),
    );
  });
}

/** A predicate of the application fails closed. */
function askSafely(ask: () => MaybePromise<boolean>): MaybePromise<boolean> {
  try {
    const answer: unknown = ask();
    return isThenable(answer) ? (answer as PromiseLike<boolean>) : answer === true;
  } catch {
    return false;
  }
}
