export { graphqlWs } from './adapters/graphql-ws/graphql-ws.platform.js';

export type {
  GraphqlWsGuardedOptions,
  GraphqlWsOptions,
  GraphqlWsSubscriptions,
} from './adapters/graphql-ws/graphql-ws.platform.js';
export type { GraphqlWsContext } from './adapters/graphql-ws/graphql-context.js';
