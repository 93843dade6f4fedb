import { UseGuards } from '@nestjs/common';
import { Resolver, Subscription } from '@nestjs/graphql';
import { WsAuthGuard, WsUser } from 'nestjs-ws-auth';

@Resolver()
export class GreetingResolver {
  @Subscription(() => String, { resolve: (text: string) => text })
  @UseGuards(WsAuthGuard)
  async *greetings(@WsUser('id') id: string): AsyncIterable<string> {
    yield `hello ${id}`;
    yield await Promise.resolve(`welcome ${id}`);
  }
}
