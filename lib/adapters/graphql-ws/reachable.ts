import { WsAuthConfigurationError } from '../../errors/ws-auth.error.js';
import { isRecord } from '../../protocol/message.js';
import { servedSubscriptions } from './served-subscriptions.js';

/**
 * Refuses options of `GraphQLModule` whose subscriptions cannot be protected.
 *
 * @throws {WsAuthConfigurationError} for `subscriptions-transport-ws`, which is another door on the same path, and for a driver of a
 *   gateway of federation, which runs no graphql-ws
 */
export function demandReachable(options: unknown): void {
  if (!isRecord(options)) {
    return;
  }
  const { subscriptions } = options;
  if (isRecord(subscriptions) && subscriptions['subscriptions-transport-ws']) {
    throw new WsAuthConfigurationError(
      'platforms: subscriptions-transport-ws is out of reach of graphqlWs(), and would be an open door on the same path; its package is ' +
        'no longer maintained: remove it, and use a client of graphql-ws',
    );
  }
  if (subscriptions && isFederationGateway(options)) {
    throw new WsAuthConfigurationError(
      `platforms: ${driverName(options)} serves no subscriptions, so that graphqlWs() would protect nothing; serve them from the ` +
        'subgraphs, or remove subscriptions',
    );
  }
}

/** Whether a `GraphQLModule` runs a gateway of federation, which ignores the options of subscriptions. */
export function isFederationGateway(options: unknown): boolean {
  return driverName(options).includes('Gateway');
}

/** Whether a `GraphQLModule` serves subscriptions over HTTP as well, as server-sent events. */
export function servesEvents(options: unknown): boolean {
  return servedSubscriptions(options, '') !== undefined && driverName(options).includes('Yoga');
}

/** The name of the driver of a `GraphQLModule`; empty where `forRootAsync()` was given it apart from the options. */
export function driverName(options: unknown): string {
  const driver = isRecord(options) ? options['driver'] : undefined;
  return typeof driver === 'function' ? driver.name : '';
}
