import { EventEmitter, on } from 'node:events';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import {
  UseGuards,
  type ExecutionContext,
  type ModuleMetadata,
  type Provider,
} from '@nestjs/common';
import {
  Args,
  Context,
  GqlExecutionContext,
  GraphQLModule,
  Query,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import {
  userOf,
  WsAuthGuard,
  WsAuthModule,
  WsSession,
  WsUser,
  type WsAuthModuleOptions,
  type WsAuthSession,
} from '../../lib/index.js';
import { graphqlWs, type GraphqlWsOptions } from '../../lib/graphql-ws.js';
import { startApp, type StartOptions, type TestApp } from '../support/app.js';
import { JwtStrategy, type TestUser } from '../support/strategies.js';

/** What a guard of the application reads, for HTTP and subscriptions alike. */
export class GqlUserGuard {
  static readonly seen: unknown[] = [];

  canActivate(context: ExecutionContext): boolean {
    const { req } = GqlExecutionContext.create(context).getContext<{ req?: { user?: unknown } }>();
    GqlUserGuard.seen.push(req?.user);
    return req?.user !== undefined;
  }
}

/** Publishes to all subscriptions, and records which of them have ended. */
export class News {
  readonly emitter = new EventEmitter();
  readonly ended: string[] = [];
  /** Contexts that resolvers have met. */
  readonly contexts: unknown[] = [];
  readonly users: (TestUser | null | undefined)[] = [];

  publish(text: string): void {
    this.emitter.emit('news', text);
  }

  get subscribers(): number {
    return this.emitter.listenerCount('news');
  }

  async *subscribe(user: string): AsyncGenerator<string> {
    const abort = new AbortController();
    const events = on(this.emitter, 'news', { signal: abort.signal });
    try {
      for await (const [text] of events) {
        yield String(text);
      }
    } finally {
      abort.abort();
      this.ended.push(user);
    }
  }
}

@Resolver()
export class NewsResolver {
  constructor(private readonly news: News) {}

  @Query(() => String)
  hello(): string {
    return 'hello';
  }

  @Query(() => String)
  @UseGuards(WsAuthGuard)
  me(
    @WsUser('id') id: string,
    @WsSession() session: WsAuthSession,
    @WsUser() user: TestUser,
  ): string {
    return [id, session.userId, user.id, session.transport].join(' ');
  }

  @Query(() => String)
  @UseGuards(GqlUserGuard)
  guarded(@Context() { req }: { req: { user: TestUser } }): string {
    return req.user.id;
  }

  @Subscription(() => String, { resolve: (text: unknown) => text })
  latest(
    @Context() context: { req: { extra: { socket: object } } },
    @WsUser() user: TestUser,
    @Args('topic', { type: () => String, nullable: true }) _topic?: string,
  ): AsyncIterable<string> {
    this.news.contexts.push(context);
    this.news.users.push(user, userOf<TestUser>(context.req.extra.socket));
    return iterable(this.news.emitter, () => this.news.ended.push(user.id));
  }
}

/** What is published from now on. graphql-ws returns it when the operation ends. */
function iterable(emitter: EventEmitter, onEnd: () => void): AsyncIterableIterator<string> {
  const events = on(emitter, 'news');
  return {
    async next() {
      const { value, done } = (await events.next()) as IteratorResult<[string]>;
      return done ? { value: undefined, done: true } : { value: value[0], done: false };
    },
    async return() {
      onEnd();
      await events.return!();
      return { value: undefined, done: true };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** What differs between the applications of these tests. */
export interface GraphqlAppOptions {
  readonly own?: GraphqlWsOptions;
  readonly module?: WsAuthModuleOptions;
  /** Options of the application for graphql-ws. */
  readonly theirs?: object;
  readonly graphql?: Partial<ApolloDriverConfig>;
  readonly providers?: readonly Provider[];
  readonly start?: StartOptions;
}

/** A running application with subscriptions. */
export interface GraphqlApp extends AsyncDisposable {
  readonly app: TestApp;
  readonly news: News;
}

/** The modules of an application with Apollo and protected subscriptions. */
export function graphqlModules({
  own,
  module,
  theirs,
  graphql,
  providers,
}: GraphqlAppOptions): ModuleMetadata {
  const subscriptions = graphqlWs(own);
  return {
    imports: [
      WsAuthModule.forRoot({ strategy: 'jwt', platforms: [subscriptions], ...module }),
      GraphQLModule.forRoot<ApolloDriverConfig>({
        driver: ApolloDriver,
        autoSchemaFile: true,
        subscriptions: { 'graphql-ws': subscriptions.options(theirs) },
        ...graphql,
      }),
    ],
    providers: [JwtStrategy, News, NewsResolver, ...(providers ?? [])],
  };
}

export async function startGraphql(options: GraphqlAppOptions = {}): Promise<GraphqlApp> {
  const app = await startApp(graphqlModules(options), undefined, options.start);
  return {
    app,
    news: app.nest.get(News),
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}
