import { inspect } from 'node:util';
import { Inject, Injectable, Scope, type LoggerService } from '@nestjs/common';
import { CONTEXT, Query, Resolver } from '@nestjs/graphql';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { GraphQLModule } from '@nestjs/graphql';
import { describe, expect, it } from 'vitest';
import { WebSocketGateway } from '@nestjs/websockets';
import { graphqlWs } from '../../lib/graphql-ws.js';
import { fromFirstMessage, sessionOf, WsAuthModule, WsUser } from '../../lib/index.js';
import { bootError } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { ask } from '../support/http.js';
import { JwtStrategy, type TestUser } from '../support/strategies.js';
import { bearer, tokenOf } from '../support/tokens.js';
import {
  graphqlModules,
  GqlUserGuard,
  News,
  NewsResolver,
  startGraphql,
  type GraphqlAppOptions,
} from './graphql-app.js';
import { Subscriber } from './graphql-client.js';

/** Made for each operation. */
@Injectable({ scope: Scope.REQUEST })
class Owner {
  constructor(@Inject(CONTEXT) readonly context: { req: { user: TestUser } }) {}
}

@Resolver()
class OwnerResolver {
  constructor(private readonly owner: Owner) {}

  @Query(() => String)
  owner_(@WsUser('id') id: string): string {
    return `${id} ${this.owner.context.req.user.id}`;
  }
}

/** The contexts that applications write. */
const contexts: Record<string, GraphqlAppOptions['graphql']> = {
  'the default': {},
  'the context of graphql-ws': { context: (context: object) => context },
  'req and extra': {
    context: ({ req, extra }: { req?: object; extra?: object }) => ({ req, extra }),
  },
  'the request': {
    context: ({ req, extra }: { req: object; extra?: { request: object } }) => ({
      req: extra?.request ?? req,
    }),
  },
  'an object of its own': { context: { own: true } },
};

describe('21: resolvers on a connection', () => {
  it.each(Object.entries(contexts))(
    'know the user, whatever the application makes the context of: %s',
    async (_name, graphql) => {
      await using running = await startGraphql({ graphql: graphql ?? {} });
      await using client = new Subscriber(running.app, {
        connectionParams: { token: tokenOf('alice') },
      });
      expect(await client.query('{ me }')).toEqual({
        data: { me: 'alice alice alice graphql-ws' },
      });
    },
  );

  it('are found by a guard of the application that reads req.user, over HTTP and on the socket', async () => {
    await using running = await startGraphql();
    GqlUserGuard.seen.length = 0;
    await using client = new Subscriber(running.app, {
      connectionParams: { token: tokenOf('alice') },
    });
    expect(await client.query('{ guarded }')).toEqual({ data: { guarded: 'alice' } });
    expect(GqlUserGuard.seen).toEqual([{ id: 'alice' }]);
    const answer = await overHttp(running.app.origin, '{ guarded }');
    expect(answer.body).toContain('Forbidden resource');
  });

  it('may be scoped to the operation', async () => {
    await using running = await startGraphql({ providers: [Owner, OwnerResolver] });
    await using client = new Subscriber(running.app, {
      connectionParams: { token: tokenOf('alice') },
    });
    expect(await client.query('{ owner_ }')).toEqual({ data: { owner_: 'alice alice' } });
  });

  it('see a user and no credential, and nothing of it is logged', async () => {
    const lines: string[] = [];
    const log = (...said: unknown[]) => void lines.push(inspect(said, { depth: 8 }));
    const logger: LoggerService = { log, error: log, warn: log, debug: log, verbose: log };
    await using running = await startGraphql({ start: { logger } });
    const [byHeader, byParams] = [tokenOf('alice'), tokenOf('bob')];
    await using first = new Subscriber(running.app, {}, bearer(byHeader));
    await using second = new Subscriber(running.app, {
      connectionParams: { headers: { Authorization: `Bearer ${byParams}` } },
    });
    void first.subscribe();
    void second.subscribe();
    await expect.poll(() => running.news.contexts.length).toBe(2);
    second.socket!.send(
      JSON.stringify({
        type: 'ping',
        payload: { event: 'authenticate', data: { token: byParams } },
      }),
    );
    await expect.poll(() => second.pings.length).toBe(1);
    const [{ req }] = running.news.contexts as [
      { req: { extra: { request: { headers: object } } } },
    ];
    expect(req.extra.request.headers).toMatchObject({ authorization: 'REDACTED' });
    expect(running.news.users).toEqual(
      Array.from({ length: 4 }, (_each, index) => ({ id: index < 2 ? 'alice' : 'bob' })),
    );
    const shown = running.news.contexts.map((context) => {
      const { extra, connectionParams } = (
        context as { req: { extra: { request: object }; connectionParams: unknown } }
      ).req;
      const { headers, rawHeaders, url, headersDistinct } = extra.request as Record<
        string,
        unknown
      >;
      return [connectionParams, headers, rawHeaders, url, headersDistinct];
    });
    const all = `${inspect(shown, { depth: 8 })}${lines.join('\n')}`;
    for (const token of [byHeader, byParams]) {
      expect(all).not.toContain(token);
      expect(all).not.toContain(token.split('.')[2]);
    }
    await Promise.all([first.client.dispose(), second.client.dispose()]);
  });

  it('over HTTP have no session: WsAuthGuard refuses, and others pass', async () => {
    await using running = await startGraphql();
    const answer = await overHttp(running.app.origin, '{ me }');
    expect(answer.body).toContain('UNAUTHENTICATED');
    expect((await overHttp(running.app.origin, '{ hello }')).body).toContain('"hello":"hello"');
  });
});

function overHttp(origin: string, query: string) {
  return ask(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
}

@WebSocketGateway({ path: '/chat' })
class ChatGateway extends EchoGateway {}

describe('an application with subscriptions', () => {
  it('has gateways beside them', async () => {
    await using running = await startGraphql({ providers: [ChatGateway] });
    await using client = new Subscriber(running.app, {}, bearer());
    expect(await client.query('{ me }')).toMatchObject({ data: {} });
    const other = await running.app.connect('/chat', bearer()).opened();
    expect(await other.ask('whoami')).toMatchObject({ user: 'alice' });
    expect(sessionOf(running.app.nest.get(ChatGateway).connected[0]!.client)?.transport).toBe('ws');
  });

  it.each([
    [
      'a gateway on its path',
      { providers: [EchoGateway], own: { path: '/' } },
      /^upgrades: \/ is the path of a gateway/,
    ],
    [
      'subscriptions-transport-ws',
      { graphql: { subscriptions: { 'subscriptions-transport-ws': true } as object } },
      /^platforms: subscriptions-transport-ws is out of reach/,
    ],
    ['a first message without effect', { own: { optional: true } }, /^optional: has no effect/],
    [
      'a property that its context has',
      { module: { property: 'extra' } },
      /^property: the context of graphql-ws has "extra"/,
    ],
    [
      'a guest and a first message',
      { own: { optional: true, credentials: [fromFirstMessage()] } },
      /^optional: has no effect/,
    ],
  ] as [string, GraphqlAppOptions, RegExp][])(
    'refuses to boot with %s',
    async (_what, options, message) => {
      expect((await bootError(graphqlModules(options))).message).toMatch(message);
    },
  );

  it('refuses to boot where options() is not used, which would leave the server open', async () => {
    const error = await bootError({
      imports: [
        WsAuthModule.forRoot({ strategy: 'jwt', platforms: [graphqlWs()] }),
        GraphQLModule.forRoot<ApolloDriverConfig>({
          driver: ApolloDriver,
          autoSchemaFile: true,
          subscriptions: { 'graphql-ws': true },
        }),
      ],
      providers: [JwtStrategy, News, NewsResolver],
    });
    expect(error.message).toMatch(
      /^platforms: options\(\) of graphqlWs\(\{ path: '\/graphql' \}\) was not called/,
    );
  });

  it('refuses clients of a server on another path than the policy', async () => {
    await using running = await startGraphql({ own: { path: '/elsewhere' } });
    await using client = new Subscriber(running.app, {
      connectionParams: { token: tokenOf('alice') },
    });
    expect(await client.closed()).toMatchObject({ code: 4403 });
    expect(running.news.users).toEqual([]);
  });

  it.each([
    [{ path: 'graphql' }, /^graphqlWs\.path: expected a path/],
    [{ heartbeatIntervalMs: 5 }, /^graphqlWs\.heartbeatIntervalMs: unknown option/],
    [{ rejection: 'close' }, /^graphqlWs\.rejection: unknown option/],
  ])('refuses %o', (options, message) => {
    expect(() => graphqlWs(options as object)).toThrow(message);
  });

  it('refuses a second deadline', () => {
    const theirs = { connectionInitWaitTimeout: 5 };
    expect(() => graphqlWs().options(theirs)).toThrow(/connectionInitWaitTimeout is authTimeoutMs/);
  });
});
