import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import {
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type LoggerService,
  type Provider,
  type Type,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { GqlExecutionContext, GraphQLModule, Query, Resolver, Subscription } from '@nestjs/graphql';
import { AuthGuard } from '@nestjs/passport';
import { Test } from '@nestjs/testing';
import { describe, expect, it, vi } from 'vitest';
import { graphqlWs } from '../../lib/graphql-ws.js';
import { sessionOf, WsAuthGuard, WsAuthModule } from '../../lib/index.js';
import { startApp } from '../support/app.js';
import { JwtStrategy } from '../support/strategies.js';
import { tokenOf } from '../support/tokens.js';
import { ask } from '../support/http.js';
import {
  graphqlModules,
  News,
  NewsResolver,
  startGraphql,
  type GraphqlAppOptions,
} from './graphql-app.js';
import { Subscriber } from './graphql-client.js';

/** A logger, and all that it has written. */
function recording(): { logger: LoggerService; lines: string[] } {
  const lines: string[] = [];
  const log = (line: unknown) => void lines.push(String(line));
  return { lines, logger: { log, error: log, warn: log, debug: log, verbose: log } };
}

/** The warnings of guards, of a boot with this provider. */
async function warningsOf(provider: Provider): Promise<readonly string[]> {
  const { logger, lines } = recording();
  await using _running = await startGraphql({ providers: [provider], start: { logger } });
  return lines.filter((line) => /^(?:@UseGuards|APP_GUARD)/.test(line));
}

interface Mistake extends GraphqlAppOptions {
  readonly path?: string;
  readonly params?: Record<string, unknown> | undefined;
  /** What the log has, which names the fix. */
  readonly line: string | RegExp;
}

const token = tokenOf('alice');

/** As the documentation of Nest has it. */
class GqlAuthGuard extends AuthGuard('jwt') {
  override getRequest(context: ExecutionContext): unknown {
    return GqlExecutionContext.create(context).getContext<{ req: unknown }>().req;
  }
}

/** As the guide has it. */
class SessionGuard extends GqlAuthGuard {
  override canActivate(context: ExecutionContext): ReturnType<CanActivate['canActivate']> {
    return sessionOf(this.getRequest(context) as object) ? true : super.canActivate(context);
  }
}

/** A resolver with a guard on its subscription. */
function guarded(guard: Type<CanActivate> | undefined, ofClass?: ClassDecorator): Provider {
  @Resolver()
  class Guarded {
    @Subscription(() => String)
    @UseGuards(...(guard ? [guard] : []))
    async *times(): AsyncIterable<object> {
      yield await Promise.resolve({ times: 'now' });
    }
  }
  ofClass?.(Guarded);
  return Guarded;
}

const mistakes: Readonly<Record<string, Mistake>> = {
  'connectionParams are missing': {
    params: undefined,
    line:
      "graphqlWs: a client was refused because its connectionParams are missing; have clients send connectionParams: { token: '…' }, " +
      "or { authorization: 'Bearer …' }",
  },
  'connectionParams are empty': { params: {}, line: /connectionParams are missing; have clients/ },
  'the key of the token has another name': {
    params: { accessToken: token, room: 1 },
    line: /connectionParams hold accessToken, room, and no token; have clients send .*\{ token: /,
  },
  'the token stands in headers under another name': {
    params: { headers: { 'x-token': token } },
    line: /connectionParams hold headers, and no token; have clients send/,
  },
  'onConnect of the application returns false': {
    params: { token },
    theirs: { onConnect: () => false },
    line: /^refused ERR_WS_AUTH_NOT_PERMITTED phase=message path=\/graphql .* guard=onConnect$/,
  },
  'onConnect of the application resolves to false': {
    params: { token },
    theirs: { onConnect: async () => false },
    line: /^refused ERR_WS_AUTH_NOT_PERMITTED phase=message path=\/graphql .* guard=onConnect$/,
  },
  'the path of the server is another one': {
    params: { token },
    graphql: { path: '/api' },
    path: '/api',
    line: /graphqlWs: a connection on path=\/api is refused, .*; give graphqlWs\(\{ path \}\) the path/,
  },
};

describe('the first mistakes with subscriptions', () => {
  it.each(Object.entries(mistakes))(
    'K8a: %s: the log names it once, and holds no token',
    async (_what, { params, path, line, ...options }) => {
      const { logger, lines } = recording();
      await using graphql = await startGraphql({ ...options, start: { logger } });
      for (let attempt = 0; attempt < 2; attempt += 1) {
        const given = params === undefined ? {} : { connectionParams: params };
        await using client = new Subscriber(graphql.app, given, {}, path);
        await client.subscribe();
      }
      const found = lines.filter((each) =>
        typeof line === 'string' ? each === line : line.test(each),
      );
      expect([found.length > 0, lines]).toEqual([true, lines]);
      expect(lines.filter((each) => each.includes('its connectionParams')).length).toBeLessThan(2);
      expect(lines.join('\n')).not.toContain(token);
    },
  );

  it.each<[string, Provider, RegExp]>([
    [
      'on the method',
      guarded(AuthGuard('jwt')),
      /^@UseGuards\(AuthGuard\(\)\) of Guarded\.times: .* use @UseGuards\(WsAuthGuard\)/,
    ],
    [
      'of a class that extends it, on the resolver',
      guarded(undefined, UseGuards(GqlAuthGuard)),
      /^@UseGuards\(GqlAuthGuard\) of Guarded\.times: .* where sessionOf\(\) finds a session/,
    ],
    [
      'as APP_GUARD',
      { provide: APP_GUARD, useClass: GqlAuthGuard },
      /^APP_GUARD: GqlAuthGuard also guards NewsResolver\.latest: .* where sessionOf\(\)/,
    ],
  ])('K8a: AuthGuard() of a subscription, %s, is named at boot', async (_where, provider, line) => {
    expect(await warningsOf(provider)).toEqual([expect.stringMatching(line)]);
  });

  it('K8a: a guard that looks for a session first is not warned of', async () => {
    expect(await warningsOf(guarded(SessionGuard))).toEqual([]);
    expect(await warningsOf({ provide: APP_GUARD, useClass: SessionGuard })).toEqual([]);
    expect(await warningsOf(guarded(WsAuthGuard))).toEqual([]);
  });

  it.each([
    ['a token is rejected', { token: 'forged' }],
    ['two tokens are sent', { token, authorization: 'Bearer other' }],
  ])('K8a: no hint is given where %s', async (_what, connectionParams) => {
    const { logger, lines } = recording();
    await using graphql = await startGraphql({ start: { logger } });
    await using client = new Subscriber(graphql.app, { connectionParams });
    await client.subscribe();
    expect(lines.filter((line) => line.includes('connectionParams'))).toEqual([]);
  });

  it('K8a: the module does not know the subscriptions: all clients are refused, and the log names it once', async () => {
    const { logger, lines } = recording();
    const subscriptions = graphqlWs();
    await using app = await startApp(
      {
        imports: [
          WsAuthModule.forRoot({ strategy: 'jwt' }),
          GraphQLModule.forRoot<ApolloDriverConfig>({
            driver: ApolloDriver,
            autoSchemaFile: true,
            subscriptions: { 'graphql-ws': subscriptions.options() },
          }),
        ],
        providers: [JwtStrategy, News, NewsResolver],
      },
      undefined,
      { logger },
    );
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await using client = new Subscriber(app, { connectionParams: { token } });
      expect(await client.closed()).toMatchObject({ code: 4403 });
    }
    expect(lines.filter((line) => line.startsWith('graphqlWs'))).toEqual([
      "graphqlWs: clients of /graphql are refused, since the module does not know graphqlWs({ path: '/graphql' }); list the same " +
        'subscriptions in its options: WsAuthModule.forRoot({ platforms: [subscriptions] })',
    ]);
  });

  it('K12a: clients of a graphql-ws that is unknown are refused, and the log names what is missing, once', async () => {
    const { logger, lines } = recording();
    await using _running = await startGraphql({ start: { logger } });
    const { onConnect } = graphqlWs().options();
    // A version that keeps the socket and the request elsewhere.
    const context = { connectionParams: { token }, subscriptions: {}, extra: {} };
    await expect(onConnect(context)).resolves.toBe(false);
    await expect(onConnect(context)).resolves.toBe(false);
    expect(lines.filter((line) => line.startsWith('graphqlWs'))).toEqual([
      expect.stringMatching(
        /^graphqlWs: clients of \/graphql are refused, since this version of graphql-ws is unknown \(extra\)/,
      ),
    ]);
  });

  it.each([
    [undefined, 0],
    [false, 1],
    [true, 0],
  ])('K6e: stopOnApplicationShutdown is %s: boot warns %i times', async (value, count) => {
    const { logger, lines } = recording();
    const graphql = value === undefined ? {} : { stopOnApplicationShutdown: value };
    await using _running = await startGraphql({ graphql, start: { logger } });
    const warned = lines.filter((line) => line.startsWith('GraphQLModule: it stops'));
    expect(warned).toHaveLength(count);
    expect(warned.every((line) => line.includes('set stopOnApplicationShutdown: true'))).toBe(true);
  });
});

it.each([{}, { stopOnApplicationShutdown: true }, { stopOnApplicationShutdown: false }])(
  'K6e: a client that does not answer its close frame keeps closing waiting for shutdownTimeoutMs, with %o',
  async (graphql) => {
    const running = await startGraphql({ module: { shutdownTimeoutMs: 100 }, graphql });
    const client = new Subscriber(running.app, { connectionParams: { token } });
    void client.subscribe();
    await expect.poll(() => running.news.subscribers).toBe(1);
    client.socket!.pause();
    const before = performance.now();
    await running.app.nest.close();
    // The grace of a session that ends for another reason is 5 seconds.
    expect(performance.now() - before).toBeLessThan(4_000);
    client.socket!.terminate();
  },
);

it.each(['', 'GET /graphql HTTP/1.1\r\nHost'])(
  'K6e: a peer that sends %j, and does not close, keeps closing waiting for shutdownTimeoutMs',
  async (sent) => {
    const running = await startGraphql({ module: { shutdownTimeoutMs: 100 } });
    const server: Server = running.app.nest.getHttpServer();
    const { port } = server.address() as AddressInfo;
    const accepted = once(server, 'connection');
    const peer = connect({ host: '127.0.0.1', port, allowHalfOpen: true }).on('error', () => {});
    peer.write(sent);
    await accepted;
    const before = performance.now();
    await running.app.nest.close();
    // Apollo waits for 10 seconds.
    expect(performance.now() - before).toBeLessThan(8_000);
    peer.destroy();
  },
);

@Resolver()
class EndlessResolver {
  @Query(() => String)
  endless(): Promise<string> {
    return new Promise(() => {});
  }
}

it('K6e: a request whose resolver never ends keeps closing waiting for 10 s, as with Apollo alone', async () => {
  const { imports, providers } = graphqlModules({ providers: [EndlessResolver] });
  const module = await Test.createTestingModule({
    imports: imports!,
    providers: providers!,
  }).compile();
  const nest = module.createNestApplication({ logger: false });
  await nest.listen(0, '127.0.0.1');
  const server: Server = nest.getHttpServer();
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/graphql?query={endless}`;
  const answer = ask(url, { headers: { 'apollo-require-preflight': '1' } });
  await once(server, 'request');
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const closed = nest.close();
    await expect.poll(() => server.listening).toBe(false);
    vi.advanceTimersByTime(10_000);
    await Promise.all([closed, expect(answer).rejects.toThrow('socket hang up')]);
  } finally {
    vi.useRealTimers();
  }
});
