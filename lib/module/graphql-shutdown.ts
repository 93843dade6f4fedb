import { isRecord } from '../protocol/message.js';

/**
 * Has a `GraphQLModule` stop after the HTTP server has closed, unless the application decides otherwise. By default it stops in the
 * first hook that Nest calls: Apollo then closes the sockets of gateways without a close frame, and waits 10 s for silent peers.
 *
 * @param module its options, which it reads when the application closes
 * @returns a warning of one that stops before
 */
export function stopAfterServer(module: unknown): readonly string[] {
  if (!isRecord(module)) {
    return [];
  }
  const stopsAfter =
    module[option] === undefined ? Reflect.set(module, option, true) : module[option];
  return stopsAfter ? [] : [stopsBefore];
}

const option = 'stopOnApplicationShutdown';

const stopsBefore =
  'GraphQLModule: it stops before the sockets have closed, so that clients of gateways see 1006, and app.close() waits for clients ' +
  `that do not answer; set ${option}: true in GraphQLModule.forRoot()`;
