import { answersOnce, type Asked } from '../answers-once.js';
import type { IoServer, IoServerOptions } from '../platform-types.js';

/**
 * Has functions of the option `cors` reject without ending the process: the request is refused. They are written as async functions
 * that call back, and every page of the Internet can have them called.
 */
export function containCors({ cors }: IoServerOptions): Pick<IoServerOptions, 'cors'> {
  const given = cors as Asked | { readonly origin?: unknown } | undefined;
  if (typeof given === 'function') {
    return { cors: answersOnce('cors', given, failed) };
  }
  const origin = given?.origin;
  return typeof origin === 'function'
    ? {
        cors: {
          ...given,
          origin: answersOnce('cors.origin', origin as Asked, failed),
        },
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
    const decide = answersOnce('a function of a namespace', name as Asked, failed);
    return of(
      (asked: unknown, payload: unknown, next: unknown) => decide(asked, show(payload), next),
      listener,
    );
  };
  server.of = contained as typeof server.of;
}

/** What such a function answers that has failed. */
const failed = [new Error('Internal server error')] as const;
