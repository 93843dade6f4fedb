import { expect, it } from 'vitest';
import { openSubscriptions } from '../../../../lib/adapters/graphql-ws/open-subscriptions.js';

const decides = { onConnect: () => true };
const transportWs = 'subscriptions-transport-ws';

it.each([
  [undefined, []],
  [{}, []],
  [{ subscriptions: { 'graphql-ws': true } }, [/on \/graphql .* graphqlWs\(\)/]],
  [{ subscriptions: { 'graphql-ws': decides } }, []],
  [{ path: '/api', subscriptions: { [transportWs]: true } }, [/on \/api .* graphql-ws$/]],
  [{ subscriptions: { [transportWs]: decides } }, []],
  [{ subscriptions: { [transportWs]: false } }, []],
  [
    { subscriptions: { 'graphql-ws': {}, [transportWs]: {} } },
    [/graphqlWs\(\)/, /cannot be protected/],
  ],
  [{ subscription: true }, [/protectUpgrades\(\{ path: '\/graphql' \}\)/]],
  [{ subscription: { verifyClient: () => true } }, []],
  [{ driver: class ApolloGatewayDriver {}, subscriptions: { 'graphql-ws': true } }, []],
  [{ path: 'safe', subscription: true, subscriptions: { 'graphql-ws': {} } }, []],
])('K11c: warns of subscriptions that are open to every client: %o', (module, warnings) => {
  expect(openSubscriptions(module, '', (path) => path === '/safe')).toEqual(
    warnings.map((each) => expect.stringMatching(each)),
  );
});
