import type { Credential } from '../credentials/credential.js';
import { isThenable, type MaybePromise } from '../passport/maybe-promise.js';
import type { Policy } from '../policy/policy.js';
import { ownOrigin } from '../policy/proxy-trust.js';
import type { UpgradeSubject } from './authenticator.js';

/**
 * Whether the page that opens a connection may do so with this credential. Most answers are synchronous, and awaiting them
 * would add a microtask to every handshake.
 *
 * A predicate of the application that answers later is waited for when the attempt is over as well: it holds the slot of its
 * client until it ends.
 */
export function isOriginAllowed(
  { handshake, request }: UpgradeSubject,
  credential: Credential | undefined,
  { origin, trust, readsRequest }: Policy,
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
  return typeof answer === 'boolean'
    ? answer
    : answer.then(
        (allowed: unknown) => allowed === true,
        () => false,
      );
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
