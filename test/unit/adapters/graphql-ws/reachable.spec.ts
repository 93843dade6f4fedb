import { describe, expect, it } from 'vitest';
import { demandReachable, servesEvents } from '../../../../lib/adapters/graphql-ws/reachable.js';

class ApolloFederationDriver {}
class ApolloGatewayDriver {}
class ApolloDriver {}
class YogaDriver {}

describe('the options of GraphQLModule', () => {
  it.each([
    [{ subscriptions: { 'subscriptions-transport-ws': true } }, /subscriptions-transport-ws/],
    [{ subscriptions: { 'subscriptions-transport-ws': {}, 'graphql-ws': {} } }, /an open door/],
    [{ driver: ApolloGatewayDriver, subscriptions: { 'graphql-ws': {} } }, /ApolloGatewayDriver/],
  ])('refuse to boot where graphqlWs() reaches no subscriptions: %o', (options, message) => {
    expect(() => demandReachable(options)).toThrow(message);
  });

  it.each([
    undefined,
    {},
    { driver: ApolloGatewayDriver },
    { driver: ApolloFederationDriver, subscriptions: { 'graphql-ws': {} } },
    { driver: ApolloDriver, subscriptions: { 'graphql-ws': true } },
    { driver: 'x', subscriptions: { 'subscriptions-transport-ws': false } },
  ])('are fine: %o', (options) => {
    expect(() => demandReachable(options)).not.toThrow();
  });
});

describe('subscriptions over HTTP, which no session stands in front of', () => {
  const subscriptions = { 'graphql-ws': {} };

  it.each([
    [{ driver: YogaDriver, subscriptions }, true],
    [{ driver: YogaDriver }, false],
    [{ driver: ApolloDriver, subscriptions }, false],
    [undefined, false],
  ])('%o: %j', (options, served) => {
    expect(servesEvents(options)).toBe(served);
  });
});
