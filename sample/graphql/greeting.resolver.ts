import { UseGuards } from '@nestjs/common';
import { Query, Resolver, Subscription } from '@nestjs/graphql';
import { WsAuthGuard, WsUser } from 'nestjs-ws-auth';

/** Greets the user of a subscription. The guard refuses operations over HTTP, which have no session. */
@Resolver()
@UseGuards(WsAuthGuard)
export class GreetingResolver {
  @Query(() => String)
  whoAmI(@WsUser('username') username: string): string {
    return username;
  }

  @Subscription(() => String, { resolve: (text: string) => text })
  async *greetings(@WsUser('username') username: string): AsyncIterable<string> {
    yield await Promise.resolve(`Hello ${username}!`);
  }
}
