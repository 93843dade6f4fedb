import { isThenable } from '../../../passport/maybe-promise.js';
import { logFault } from '../../contain.js';
import type { IoServer, IoServerOptions } from '../platform-types.js';

/** A function of the application that answers by a callback, which is its last argument. */
type Asked = (...args: never[]) => unknown;

/** The last argument of such a function. */
type Answer = (error?: unknown, ...answers: unknown[]) => void;

/**
 * Has functions of the option `cors` reject without ending the process: the request is refused. They are written as async functions
 * that call back, and every page of the Internet can have them called.
 */
export function containCors({ cors }: IoServerOptions): Pick<IoServerOptions, 'cors'> {
  const given = cors as Asked | { readonly origin?: unknown } | undefined;
  if (typeof given === 'function') {
    return { cors: answersOnce('cors', given) as NonNullable<IoServerOptions['cors']> };
  }
  const origin = given?.origin;
  return typeof origin === 'function'
    ? {
        cors: {
          ...given,
          origin: answersOnce('cors.origin', origin as Asked),
        } as NonNullable<IoServerOptions['cors']>,
      }
    : {};
}

/**
 * Has functions that decide about dynamic namespaces, `server.of((name, auth, next) => ...)`, throw and reject without ending the
 * process: the namespace does not exist then. Each client can have them called, before it has authenticated.
 *
 * @param show makes what they see of the payload of a client
 */
export function containNamespaceNames(
  server: IoServer,
  show: (payload: unknown) => unknown = (payload) => payload,
): void {
  const of = server.of.bind(server) as (name: unknown, listener?: unknown) => never;
  const contained = (name: unknown, listener?: unknown) => {
    if (typeof name !== 'function') {
      return of(name, listener);
    }
    const decide = answersOnce('a function of a namespace', name as Asked) as (
      ...args: unknown[]
    ) => unknown;
    return of(
      (asked: unknown, payload: unknown, next: unknown) => decide(asked, show(payload), next),
      listener,
    );
  };
  server.of = contained as typeof server.of;
}

/** The first answer counts. An exception is one, and so is a rejected promise. */
function answersOnce(what: string, ask: Asked): Asked {
  return (...args: unknown[]) => {
    let callback = args.at(-1) as Answer | undefined;
    const once: Answer = (...answers) => {
      const first = callback;
      callback = undefined;
      first?.(...answers);
    };
    const fail = (error: unknown) => {
      logFault(what, error);
      once(new Error('Internal server error'));
    };
    try {
      const returned: unknown = ask(...([...args.slice(0, -1), once] as never[]));
      if (isThenable(returned)) {
        returned.then(undefined, fail);
      }
    } catch (error) {
      fail(error);
    }
  };
}
