import { EventEmitter, on } from 'node:events';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Module, UseGuards, type ExecutionContext } from '@nestjs/common';
import {
  Args,
  GqlExecutionContext,
  GraphQLModule,
  Mutation,
  Query,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import { AuthGuard } from '@nestjs/passport';
import { sessionOf, WsAuthModule, WsUser } from 'nestjs-ws-auth';
import { graphqlWs } from 'nestjs-ws-auth/graphql-ws';
import { JwtStrategy } from '../jwt.strategy.js';

/** Authenticates operations over HTTP. Those of a connection have a session already. */
class GqlAuthGuard extends AuthGuard('jwt') {
  override canActivate(context: ExecutionContext) {
    return sessionOf(this.getRequest(context)) ? true : super.canActivate(context);
  }

  override getRequest(context: ExecutionContext): object {
    return GqlExecutionContext.create(context).getContext<{ req: object }>().req;
  }
}

@UseGuards(GqlAuthGuard)
@Resolver()
class NotesResolver {
  readonly #notes = new EventEmitter();

  @Query(() => String)
  about() {
    return 'notes';
  }

  @Mutation(() => Boolean)
  addNote(@Args('text') text: string): boolean {
    return this.#notes.emit('note', text);
  }

  @Subscription(() => String, { resolve: (text: string) => text })
  async *notes(@WsUser('id') id: string): AsyncIterable<string> {
    yield `Hello ${id}!`;
    for await (const [text] of on(this.#notes, 'note')) {
      yield String(text);
    }
  }
}

const subscriptions = graphqlWs({ path: '/graphql' });

/** Notes that are added over HTTP, and delivered by subscriptions. */
@Module({
  imports: [
    WsAuthModule.forRoot({ strategy: 'jwt', platforms: [subscriptions] }),
    GraphQLModule.forRoot<ApolloDriverConfig>({
      driver: ApolloDriver,
      autoSchemaFile: true,
      subscriptions: { 'graphql-ws': subscriptions.options() },
    }),
  ],
  providers: [JwtStrategy, NotesResolver],
})
export class AppModule {}
