import { EventEmitter, on } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import type { Type } from '@nestjs/common';
import { Args, Context, GraphQLModule, Query, Resolver, Subscription } from '@nestjs/graphql';
import { graphqlWs } from '../../lib/graphql-ws.js';
import { WsAuthModule } from '../../lib/index.js';
import type {
  ConformanceApplication,
  ConformanceCredential,
  ConformanceGateway,
  ConformanceNotice,
  RunningTransport,
} from '../../lib/testing.js';
import { listen, partsOf } from './application.js';
import { WebSocketClient } from './web-socket-client.js';

/** The context of graphql-ws, as hooks and resolvers have it. */
interface GraphqlContext {
  readonly connectionParams: unknown;
  readonly extra: { readonly socket: object; readonly request: IncomingMessage };
}

/** Starts an application with subscriptions for the conformance suite. */
export async function openGraphqlWs({
  options,
  providers,
  gateway,
}: ConformanceApplication): Promise<RunningTransport> {
  const subscriptions = graphqlWs();
  const broadcasts = new EventEmitter().setMaxListeners(0);
  const { app, port, close } = await listen({
    imports: [
      WsAuthModule.forRoot({ ...options, platforms: [subscriptions] }),
      GraphQLModule.forRoot<ApolloDriverConfig>({
        driver: ApolloDriver,
        autoSchemaFile: true,
        subscriptions: {
          'graphql-ws': subscriptions.options({
            onConnect: (context: GraphqlContext) => connected(gateway, context),
          }),
        },
      }),
    ],
    providers: [...providers, resolverOf(gateway, broadcasts)],
  });
  return {
    app,
    connect: (credential) => new GraphqlClient(`ws://127.0.0.1:${port}/graphql`, credential),
    broadcast: (text) => void broadcasts.emit('text', text),
    close,
  };
}

/** What `handleConnection` and its guard are for a gateway. */
async function connected(gateway: ConformanceGateway, context: GraphqlContext): Promise<boolean> {
  if (!gateway.guard.canActivate(undefined as never)) {
    return false;
  }
  await gateway.connected(context.extra.socket, visibleOf(context));
  return true;
}

function visibleOf({ connectionParams, extra }: GraphqlContext): unknown {
  return { connectionParams, ...partsOf(extra.request) };
}

function resolverOf(gateway: ConformanceGateway, broadcasts: EventEmitter): Type<object> {
  @Resolver()
  class TestResolver {
    @Query(() => String)
    text(
      @Args('text', { type: () => String }) text: string,
      @Context() { req }: { req: GraphqlContext },
    ): string {
      return gateway.handled(req.extra.socket, text, visibleOf(req));
    }

    @Subscription(() => String, { resolve: ([text]: [string]) => text })
    broadcast(): AsyncIterable<unknown> {
      return on(broadcasts, 'text');
    }
  }
  return TestResolver;
}

/** A client of the suite that speaks graphql-ws. It asks for broadcasts as soon as it may. */
class GraphqlClient extends WebSocketClient {
  readonly #waiting: object[] = [];
  #isAcknowledged = false;
  #operations = 0;

  constructor(
    url: string,
    private readonly credential: ConformanceCredential,
  ) {
    super(url, ['graphql-transport-ws'], credential);
  }

  send(text: string): void {
    this.#operate({ query: 'query ($text: String!) { text(text: $text) }', variables: { text } });
  }

  authenticate(token: string): void {
    this.write({ type: 'ping', payload: { event: 'authenticate', data: { token } } });
  }

  protected opened(): void {
    const { credential } = this;
    if (credential.in !== 'silent') {
      const payload = credential.in === 'message' ? { token: credential.token } : undefined;
      this.write({ type: 'connection_init', payload });
    }
  }

  #operate(payload: object): void {
    this.#operations += 1;
    const message = { id: String(this.#operations), type: 'subscribe', payload };
    if (this.#isAcknowledged) {
      this.write(message);
    } else {
      this.#waiting.push(message);
    }
  }

  protected receive({ type, payload }: { readonly type: string; readonly payload: never }): void {
    if (type === 'connection_ack') {
      this.#acknowledged(payload);
    } else if (type === 'ping') {
      this.#notice(payload);
    } else if (type === 'next') {
      const { data: result } = payload as { data: { text?: string; broadcast?: string } };
      this.received.push((result.text ?? result.broadcast)!);
    }
  }

  #acknowledged({ expiresAt }: { readonly expiresAt: number | null }): void {
    this.#isAcknowledged = true;
    if (this.credential.in === 'message') {
      this.notices.push({ notice: 'authenticated', expiresAt });
    }
    this.#operate({ query: 'subscription { broadcast }' });
    this.#waiting.splice(0).forEach((message) => this.write(message));
  }

  #notice({
    event,
    data,
  }: {
    readonly event: ConformanceNotice['notice'];
    readonly data: never;
  }): void {
    const { expiresAt } = data as { expiresAt: number | null };
    this.notices.push({ notice: event, expiresAt });
  }
}
