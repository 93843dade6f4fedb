import type { IncomingMessage } from 'node:http';
import type { ServerOptions } from 'ws';
import { isThenable } from '../../passport/maybe-promise.js';
import { logFault } from '../contain.js';

type VerifyClient = NonNullable<ServerOptions['verifyClient']>;
type Info = Parameters<VerifyClient>[0];
type Answer = (...said: readonly unknown[]) => void;
type VerifyLater = (this: unknown, info: Info, answer: Answer) => unknown;

/** What waits for the end of a verification, by request. */
const waiting = new WeakMap<IncomingMessage, () => void>();

/** Calls back when the `verifyClient` of a gateway has answered, also to a client that has left meanwhile. */
export function onVerified(request: IncomingMessage, callback: () => void): void {
  waiting.set(request, callback);
}

/**
 * Makes a `verifyClient` whose end can be seen: `ws` forgets one that answers after the client has left, and it would hold
 * the slot of the client longer than it runs. One that answers synchronously stays as it is.
 */
export function watchedVerification(verify: VerifyClient): VerifyClient {
  if (verify.length !== 2) {
    return verify;
  }
  const verifyLater = verify as unknown as VerifyLater;
  const watched: VerifyLater = function (info, answer) {
    const end = () => {
      waiting.get(info.req)?.();
      waiting.delete(info.req);
    };
    const fail = (error: unknown) => {
      end();
      info.req.socket.destroy();
      logFault('verifyClient, or a listener of "headers",', error);
    };
    const returned = verifyLater.call(this, info, (...said) => {
      end();
      attempt(() => answer(...said), fail);
    });
    if (isThenable(returned)) {
      returned.then(undefined, fail);
    }
  };
  return watched as unknown as VerifyClient;
}

/** The answer of `ws` runs in a callback of the application, which is not its caller. */
function attempt(run: () => void, onError: (error: unknown) => void): void {
  try {
    run();
  } catch (error) {
    onError(error);
  }
}
