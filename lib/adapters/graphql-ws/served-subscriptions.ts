import { isRecord } from '../../protocol/message.js';

/** What a `GraphQLModule` serves with graphql-ws. */
export interface ServedSubscriptions {
  /** Without the global prefix. */
  readonly path: string;
  readonly isPrefixed: boolean;
  /** Its options for graphql-ws. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** Reads the options of a `GraphQLModule`; `undefined` if it serves no subscriptions with graphql-ws. */
export function servedSubscriptions(module: unknown): ServedSubscriptions | undefined {
  if (!isRecord(module)) {
    return undefined;
  }
  const { subscriptions, installSubscriptionHandlers, useGlobalPrefix } = module;
  // Nest looks for the name alone: `false` serves them as `true` does.
  const isServed = isRecord(subscriptions)
    ? 'graphql-ws' in subscriptions
    : Boolean(installSubscriptionHandlers);
  if (!isServed) {
    return undefined;
  }
  const given = isRecord(subscriptions) ? subscriptions['graphql-ws'] : undefined;
  const options = isRecord(given) ? given : {};
  const path = [options['path'], module['path']].find(isText) ?? 'graphql';
  return { path: `/${path.replace(/^\/+/, '')}`, isPrefixed: Boolean(useGlobalPrefix), options };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
