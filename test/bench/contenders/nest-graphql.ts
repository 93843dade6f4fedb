import { Context as FromContext, Query, Resolver, Subscription } from '@nestjs/graphql';
import type { Context } from 'graphql-ws';
import type { Contender } from './contender.js';
import { graphqlModule, greetingOf } from './graphql-greeting.js';
import { startNest } from './nest-application.js';
import { verifier, type User } from './verify.js';

/** What `onConnect` keeps of a connection. */
interface Extra {
  user?: User;
}

@Resolver()
class GreetingResolver {
  @Query(() => String)
  about(): string {
    return 'greetings';
  }

  @Subscription(() => String, { resolve: (text: string) => text })
  greeting(@FromContext('user') { id }: User): AsyncIterableIterator<string> {
    return greetingOf(id);
  }
}

/** Subscriptions of `@nestjs/graphql`, with `jsonwebtoken` in `onConnect`. */
export const nestGraphql: Contender = async (settings) => {
  const verify = verifier(settings);
  const subscriptions = {
    onConnect: async ({ connectionParams, extra }: Context<{ token: string }, Extra>) => {
      try {
        extra.user = await verify(connectionParams?.token ?? '');
        return true;
      } catch {
        return false;
      }
    },
  };
  const graphql = graphqlModule(subscriptions as object, ({ extra }: { extra: Extra }) => extra);
  return startNest({ imports: [graphql], providers: [GreetingResolver] });
};
