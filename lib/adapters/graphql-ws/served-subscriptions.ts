import { isRecord } from '../../protocol/message.js';

/** What a `GraphQLModule` serves with graphql-ws. */
export interface ServedSubscriptions {
  readonly path: string;
  /** Its options for graphql-ws. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** Reads the options of a `GraphQLModule`; `undefined` if it serves no subscriptions with graphql-ws. */
export function servedSubscriptions(
  module: unknown,
  globalPrefix: string,
): ServedSubscriptions | undefined {
  if (!isRecord(module)) {
    return undefined;
  }
  const { subscriptions, installSubscriptionHandlers } = module;
  // Nest looks for the name alone: `false` serves them as `true` does.
  const isServed = isRecord(subscriptions)
    ? 'graphql-ws' in subscriptions
    : Boolean(installSubscriptionHandlers);
  if (!isServed) {
    return undefined;
  }
  const given = isRecord(subscriptions) ? subscriptions['graphql-ws'] : undefined;
  const options = isRecord(given) ? given : {};
  return { path: pathOf(module, globalPrefix, options), options };
}

/** The path of a `GraphQLModule`, or that of its options for graphql-ws. Some versions of Nest have put the prefix before it already. */
export function pathOf(
  module: Readonly<Record<string, unknown>>,
  globalPrefix: string,
  options: Readonly<Record<string, unknown>> = module,
): string {
  const path = rooted([options['path'], module['path']].find(isText) ?? 'graphql');
  const prefix = module['useGlobalPrefix'] && globalPrefix ? rooted(globalPrefix) : '';
  return path.startsWith(`${prefix}/`) ? path : prefix + path;
}

function rooted(path: string): string {
  return `/${path.split('/').filter(Boolean).join('/')}`;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
