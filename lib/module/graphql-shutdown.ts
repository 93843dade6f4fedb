import { driverName } from '../adapters/graphql-ws/reachable.js';
import { isRecord } from '../protocol/message.js';

/** Time in milliseconds that Apollo gives to requests while it stops. */
const requestMs = 10_000;

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

/** Whether a `GraphQLModule` of Apollo would stop before the server, and stops afterwards because of this package. */
export function isDeferred(module: unknown): boolean {
  const isOther = /Mercurius|Yoga/.test(driverName(module));
  return isRecord(module) && module[option] === undefined && !isOther;
}

/** An HTTP server; that of HTTP/2 cannot end its connections. */
interface ClosingServer {
  readonly listening: boolean;
  once(event: 'close', listener: () => void): unknown;
  closeAllConnections?(): void;
}

/**
 * Ends the requests that are still waiting for their resolvers a while after the server has begun to close, as Apollo does where it stops
 * first: the server would wait for them for ever.
 */
export function boundRequests(server: ClosingServer): void {
  const timer = setTimeout(() => {
    if (!server.listening) {
      server.closeAllConnections?.();
    }
  }, requestMs);
  timer.unref();
  server.once('close', () => clearTimeout(timer));
}

const option = 'stopOnApplicationShutdown';

const stopsBefore =
  'GraphQLModule: it stops before the sockets have closed, so that clients of gateways see 1006, and app.close() waits for clients ' +
  `that do not answer; set ${option}: true in GraphQLModule.forRoot()`;
