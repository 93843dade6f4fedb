import type { ModulesContainer } from '@nestjs/core';
import type { GatewayClass } from '../decorators/gateway-demand.js';
import { authenticatesRequests, guardName } from '../guards/http-guards.js';
import { guardsOf, methodsOf } from './gateway-methods.js';

/** Of `@nestjs/graphql`: what a method resolves. */
const resolverType = 'graphql:resolver_type';

const effect =
  'AuthGuard() of Passport reads a request, and a subscription that comes by a connection has none, so that it refuses every client';
const fix =
  'let it pass where sessionOf() finds a session, as nestjs-ws-auth/lib/guides/graphql.md shows';

/** A method with `@Subscription()`. */
interface SubscriptionMethod {
  readonly resolver: GatewayClass;
  readonly name: string;
  readonly method: object;
}

/** Warnings of guards that authenticate requests and stand in front of subscriptions. */
export function subscriptionWarnings(
  modules: ModulesContainer,
  globalGuards: readonly unknown[],
): readonly string[] {
  const found = [...modules.values()].flatMap(({ providers }) =>
    [...providers.values()].flatMap(({ metatype }) => subscriptionsOf(metatype)),
  );
  const places = found.map(({ resolver, name }) => `${resolver.name}.${name}`);
  const ofApplication = places.length > 0 ? namesOf(globalGuards) : [];
  return [
    ...ofApplication.map(
      (name) => `APP_GUARD: ${name} also guards ${places[0]}: ${effect}; ${fix}`,
    ),
    ...found.flatMap(({ resolver, name, method }) =>
      namesOf([...guardsOf(resolver), ...guardsOf(method)]).map(
        (guard) =>
          `@UseGuards(${guard}) of ${resolver.name}.${name}: ${effect}; use @UseGuards(WsAuthGuard), or ${fix}`,
      ),
    ),
  ];
}

function subscriptionsOf(metatype: unknown): SubscriptionMethod[] {
  if (typeof metatype !== 'function') {
    return [];
  }
  const resolver = metatype as unknown as GatewayClass;
  return methodsOf(resolver).flatMap(({ name, method }) =>
    Reflect.getMetadata(resolverType, method) === 'Subscription'
      ? [{ resolver, name, method }]
      : [],
  );
}

function namesOf(guards: readonly unknown[]): readonly string[] {
  return [...new Set(guards.filter(authenticatesRequests).map(guardName))];
}
