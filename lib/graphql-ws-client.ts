export { subscriptionParams } from './client/graphql-ws/subscription-params.js';

export type {
  SubscriptionListeners,
  SubscriptionParams,
  SubscriptionParamsOptions,
} from './client/graphql-ws/subscription-params.js';
export type { Token, TokenRequest, TokenSource } from './client/token-source.js';
