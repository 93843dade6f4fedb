import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { GraphQLModule } from '@nestjs/graphql';

/** Where the subscriptions are. */
export const graphqlPath = '/graphql';

/** Hooks and options of `graphql-ws`. */
type Subscriptions = Exclude<
  NonNullable<ApolloDriverConfig['subscriptions']>['graphql-ws'],
  boolean | undefined
>;

/**
 * The module as the documentation of Nest sets it up.
 *
 * @param context what resolvers get of a connection
 */
export function graphqlModule(
  subscriptions: Subscriptions,
  context?: ApolloDriverConfig['context'],
) {
  return GraphQLModule.forRoot<ApolloDriverConfig>({
    driver: ApolloDriver,
    path: graphqlPath,
    autoSchemaFile: true,
    graphiql: false,
    ...(context && { context }),
    subscriptions: { 'graphql-ws': subscriptions },
  });
}

/** What a subscription delivers: one text now, and nothing more until its client leaves. */
export function greetingOf(id: string): AsyncIterableIterator<string> {
  let leave: ((done: IteratorReturnResult<undefined>) => void) | undefined;
  let isGreeted = false;
  const done = { value: undefined, done: true } as const;
  return {
    next: () => {
      if (!isGreeted) {
        isGreeted = true;
        return Promise.resolve({ value: `Hello ${id}!`, done: false });
      }
      return new Promise((resolve) => {
        leave = resolve;
      });
    },
    return: () => {
      leave?.(done);
      return Promise.resolve(done);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
