import { EventEmitter, on } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import type { Type } from '@nestjs/common';
import { Args, Context, GraphQLModule, Query, Resolver, Subscription } from '@nestjs/graphql';
import { Test } from '@nestjs/testing';
import { WebSocket } from 'ws';
import { graphqlWs } from '../../lib/graphql-ws.js';
import { WsAuthModule } from '../../lib/index.js';
import { readRefusedUpgrade } from '../../lib/testing/ws-refused.error.js';
import type {
  ConformanceApplication,
  ConformanceClient,
  ConformanceCredential,
  ConformanceEnding,
  ConformanceGateway,
  ConformanceNotice,
  RunningTransport,
} from '../../lib/testing.js';

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
  const module = await Test.createTestingModule({
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
  }).compile();
  const app = module.createNestApplication({ logger: false, forceCloseConnections: true });
  await app.listen(0, '127.0.0.1');
  const server: Server = app.getHttpServer();
  const { port } = server.address() as AddressInfo;
  return {
    app,
    connect: (credential) => new GraphqlClient(`ws://127.0.0.1:${port}/graphql`, credential),
    broadcast: (text) => void broadcasts.emit('text', text),
    close: () => app.close(),
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
  const { url, headers, rawHeaders, headersDistinct } = extra.request;
  return { connectionParams, url, headers, rawHeaders, headersDistinct };
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
class GraphqlClient implements ConformanceClient {
  readonly received: string[] = [];
  readonly notices: ConformanceNotice[] = [];
  readonly #socket: WebSocket;
  readonly #waiting: object[] = [];
  readonly #ended: Promise<ConformanceEnding>;
  #isAcknowledged = false;
  #operations = 0;

  constructor(
    url: string,
    private readonly credential: ConformanceCredential,
  ) {
    const isHeader = credential.in === 'handshake';
    const headers = isHeader ? { authorization: `Bearer ${credential.token}` } : {};
    this.#socket = new WebSocket(url, 'graphql-transport-ws', { headers });
    this.#ended = this.#follow();
    this.#socket.on('error', () => undefined);
    this.#socket.on('open', () => this.#initialise());
    this.#socket.on('message', (data: Buffer) => this.#receive(data));
  }

  ended(): Promise<ConformanceEnding> {
    return this.#ended;
  }

  send(text: string): void {
    this.#operate({ query: 'query ($text: String!) { text(text: $text) }', variables: { text } });
  }

  authenticate(token: string): void {
    this.#write({ type: 'ping', payload: { event: 'authenticate', data: { token } } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
    await this.#ended.catch(() => undefined);
  }

  #initialise(): void {
    const { credential } = this;
    if (credential.in !== 'silent') {
      const payload = credential.in === 'message' ? { token: credential.token } : undefined;
      this.#write({ type: 'connection_init', payload });
    }
  }

  #operate(payload: object): void {
    this.#operations += 1;
    const message = { id: String(this.#operations), type: 'subscribe', payload };
    if (this.#isAcknowledged) {
      this.#write(message);
    } else {
      this.#waiting.push(message);
    }
  }

  #write(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }

  #follow(): Promise<ConformanceEnding> {
    return new Promise((resolve) => {
      this.#socket.on('unexpected-response', (_request, response: IncomingMessage) => {
        resolve(endingOf(response));
      });
      this.#socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  #receive(data: Buffer): void {
    const { type, payload } = JSON.parse(data.toString()) as { type: string; payload: never };
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
    this.#waiting.splice(0).forEach((message) => this.#write(message));
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

async function endingOf(response: IncomingMessage): Promise<ConformanceEnding> {
  const { status, body } = await readRefusedUpgrade(response);
  return { code: status, reason: body.trim() };
}
