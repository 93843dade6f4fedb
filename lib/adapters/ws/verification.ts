import type { IncomingMessage } from 'node:http';
import type { ServerOptions } from 'ws';
import { isThenable } from '../../passport/thenable.js';
import { logFault } from '../contain.js';

type VerifyClient = NonNullable<ServerOptions['verifyClient']>;
type Info = Parameters<VerifyClient>[0];
type Answer = (...said: readonly unknown[]) => void;
type VerifyLater = (this: unknown, info: Info, answer: Answer) => unknown;

/** What waits for the end of a verification, by request. */
const waiting = new WeakMap<IncomingMessage, () => void>();

/** Requests whose verification has ended: it may be over before its end is waited for. */
const ended = new WeakSet<IncomingMessage>();

/** Calls back when the `verifyClient` of a gateway has answered, also to a client that has left meanwhile. */
export function onVerified(request: IncomingMessage, callback: () => void): void {
  if (ended.has(request)) {
    callback();
  } else {
    waiting.set(request, callback);
  }
}

/**
 * Makes a `verifyClient` whose end can be seen: `ws` forgets one that answers after the client has left, and it would hold
 * the slot of the client longer than it runs. The first answer counts.
 *
 * One without a callback may return a promise, which `ws` takes for a yes. Here the client waits for it.
 */
export function watchedVerification(verify: VerifyClient): VerifyClient {
  const callsBack = verify.length === 2;
  const verifyLater = verify as unknown as VerifyLater;
  const watched: VerifyLater = function (info, answer) {
    const end = () => {
      ended.add(info.req);
      waiting.get(info.req)?.();
      waiting.delete(info.req);
    };
    const fail = (error: unknown) => {
      info.req.socket.destroy();
      logFault('verifyClient, or a listener of "headers",', error);
    };
    const decide: Answer = (...said) => {
      if (!ended.has(info.req)) {
        end();
        attempt(() => answer(...said), fail);
      }
    };
    const reject = (error: unknown) => {
      logFault('verifyClient', error);
      decide(false, 500);
    };
    const returned: unknown = verifyLater.call(this, info, decide);
    if (isThenable(returned)) {
      returned.then(callsBack ? undefined : decide, reject);
    } else if (!callsBack) {
      end();
      // What is thrown here reaches the code that has called `ws`.
      answer(returned);
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
