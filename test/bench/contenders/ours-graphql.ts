import { Resolver, Query, Subscription } from '@nestjs/graphql';
import { graphqlWs } from '../../../lib/graphql-ws.js';
import { WsAuthModule, WsUser } from '../../../lib/index.js';
import type { Contender } from './contender.js';
import { graphqlModule, graphqlPath, greetingOf } from './graphql-greeting.js';
import { jwtStrategy } from './jwt-strategy.js';
import { startNest } from './nest-application.js';
import { benchBounds } from './ours.js';

@Resolver()
class GreetingResolver {
  @Query(() => String)
  about(): string {
    return 'greetings';
  }

  @Subscription(() => String, { resolve: (text: string) => text })
  greeting(@WsUser('id') id: string): AsyncIterableIterator<string> {
    return greetingOf(id);
  }
}

/** The same subscriptions behind this package. */
export const oursWithGraphql: Contender = async (settings) => {
  const subscriptions = graphqlWs({ path: graphqlPath });
  const platforms = [subscriptions];
  return startNest({
    imports: [
      WsAuthModule.forRoot({ ...benchBounds, strategy: 'jwt', platforms }),
      graphqlModule(subscriptions.options()),
    ],
    providers: [jwtStrategy(settings), GreetingResolver],
  });
};
