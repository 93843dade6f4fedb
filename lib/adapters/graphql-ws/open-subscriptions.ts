import { isRecord } from '../../protocol/message.js';
import { isFederationGateway } from './reachable.js';
import { pathOf, servedSubscriptions } from './served-subscriptions.js';

/**
 * Warnings of the subscriptions of a `GraphQLModule` that nothing decides about. An `onConnect` is there where something does: that of
 * `graphqlWs()`, or the application.
 *
 * @param isProtected whether the upgrades of a path are authenticated before its server sees them
 */
export function openSubscriptions(
  module: unknown,
  globalPrefix: string,
  isProtected: (path: string) => boolean,
): readonly string[] {
  if (!isRecord(module) || isFederationGateway(module)) {
    return [];
  }
  const served = servedSubscriptions(module, globalPrefix);
  const { subscriptions, subscription } = module;
  const own = pathOf(module, globalPrefix);
  const legacy = isRecord(subscriptions) ? subscriptions[transportWs] : undefined;
  const doors = [
    { path: served?.path ?? own, options: served?.options, fix: ofGraphqlWs },
    {
      path: own,
      options: legacy,
      fix: `${transportWs} cannot be protected: replace it by graphql-ws`,
    },
    // That of Mercurius.
    {
      path: own,
      options: subscription,
      fix: `protect them with protectUpgrades({ path: '${own}' }), or decide in a verifyClient`,
    },
  ];
  return doors
    .filter((door) => door.options && !decides(door.options) && !isProtected(door.path))
    .map(
      (door) =>
        `GraphQLModule: its subscriptions on ${door.path} accept every client, unless resolvers refuse; ${door.fix}`,
    );
}

const ofGraphqlWs =
  'protect them with graphqlWs() of nestjs-ws-auth/graphql-ws, or decide in an onConnect';

const transportWs = 'subscriptions-transport-ws';

function decides(options: unknown): boolean {
  return (
    isRecord(options) &&
    ['onConnect', 'verifyClient'].some((hook) => typeof options[hook] === 'function')
  );
}
