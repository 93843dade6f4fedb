import type { IncomingMessage } from 'node:http';
import type { ServerOptions } from 'ws';

type VerifyClient = NonNullable<ServerOptions['verifyClient']>;
type Info = Parameters<VerifyClient>[0];
type Answer = (...said: readonly unknown[]) => void;
type VerifyLater = (this: unknown, info: Info, answer: Answer) => void;

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
    verifyLater.call(this, info, (...said) => {
      waiting.get(info.req)?.();
      waiting.delete(info.req);
      answer(...said);
    });
  };
  return watched as unknown as VerifyClient;
}
