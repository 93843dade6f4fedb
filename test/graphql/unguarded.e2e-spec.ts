import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { GraphQLModule } from '@nestjs/graphql';
import {
  execute,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  subscribe,
  validate,
} from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import type { Server } from 'node:http';
import { describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { WsAuthModule, type WsAuthModuleOptions } from '../../lib/index.js';
import { graphqlWs, type GraphqlWsSubscriptions } from '../../lib/graphql-ws.js';
import { bootError, startApp } from '../support/app.js';
import { sessionsOf } from '../support/connections.js';
import { JwtStrategy } from '../support/strategies.js';
import { bearer, tokenOf } from '../support/tokens.js';
import { News, NewsResolver } from './graphql-app.js';
import { Subscriber } from './graphql-client.js';

type GraphqlOptions = Partial<ApolloDriverConfig>;

function recording() {
  const lines: string[] = [];
  const log = (line: unknown) => void lines.push(String(line));
  return { lines, logger: { log, error: log, warn: log, debug: log, verbose: log } };
}

function appOf(module: WsAuthModuleOptions, ...graphql: readonly GraphqlOptions[]) {
  return {
    imports: [
      WsAuthModule.forRoot({ strategy: 'jwt', ...module }),
      ...graphql.map((options) =>
        GraphQLModule.forRoot<ApolloDriverConfig>({
          driver: ApolloDriver,
          autoSchemaFile: true,
          ...options,
        }),
      ),
    ],
    providers: [JwtStrategy, News, NewsResolver],
  };
}

/** Prepares operations by itself, as the driver of Yoga does. */
class PreparingDriver extends ApolloDriver {
  override async start(options: ApolloDriverConfig): Promise<void> {
    const { 'graphql-ws': served } = options.subscriptions as { 'graphql-ws': object };
    Object.assign(served, { onSubscribe: () => undefined });
    await super.start(options);
  }
}

function withPreparingDriver(theirs: object) {
  return (made: GraphqlWsSubscriptions): GraphqlOptions => ({
    driver: PreparingDriver,
    subscriptions: { 'graphql-ws': made.options(theirs) },
  });
}

const unguarded =
  /GraphQLModule would run the operations of every client of .* write subscriptions:/;

/** A `GraphQLModule` that does not use what `graphqlWs()` has made. */
const mistakes: Record<
  string,
  [(made: GraphqlWsSubscriptions) => GraphqlOptions, RegExp, string?]
> = {
  'an onConnect beside options()': [
    (made) => ({ subscriptions: { 'graphql-ws': { ...made.options(), onConnect: () => true } } }),
    unguarded,
  ],
  'options() that are put aside': [
    (made) => {
      made.options();
      return { subscriptions: { 'graphql-ws': true } };
    },
    unguarded,
  ],
  'a name alone': [
    (made) => {
      made.options();
      return { subscriptions: { 'graphql-ws': undefined as never } };
    },
    unguarded,
  ],
  installSubscriptionHandlers: [
    (made) => {
      made.options();
      return { installSubscriptionHandlers: true };
    },
    unguarded,
  ],
  'a path below that of graphqlWs()': [
    (made) => {
      made.options();
      return { path: 'graphql/admin', subscriptions: { 'graphql-ws': {} } };
    },
    unguarded,
  ],
  'the global prefix': [
    (made) => {
      made.options();
      return { useGlobalPrefix: true, subscriptions: { 'graphql-ws': {} } };
    },
    unguarded,
    '/api/graphql',
  ],
  'an onPing beside options()': [
    (made) => ({ subscriptions: { 'graphql-ws': { ...made.options(), onPing: () => undefined } } }),
    /onPing of GraphQLModule stands beside options\(\).*subscriptions\.options\(\{ onPing \}\)/,
  ],
  'an onSubscribe that the driver replaces': [
    withPreparingDriver({ onSubscribe: () => undefined }),
    /graphqlWs\.options\.onSubscribe: .* it would never run; .* guards of resolvers/,
  ],
  'a validate that the driver leaves out': [
    withPreparingDriver({ validate }),
    /graphqlWs\.options\.validate: .* it would never run/,
  ],
  'a context beside which an onSubscribe stands': [
    (made) => ({
      subscriptions: {
        'graphql-ws': { ...made.options({ context: {} }), onSubscribe: () => undefined },
      },
    }),
    /graphqlWs\.options\.context: .* write subscriptions\.options\(\{ onSubscribe \}\)/,
  ],
};

describe('K11c: a GraphQLModule with', () => {
  it.each(Object.entries(mistakes))(
    '%s refuses to boot',
    async (_what, [graphql, message, path]) => {
      const made = graphqlWs(path === undefined ? {} : { path });
      const { message: text } = await bootError(
        appOf({ platforms: [made] }, graphql(made)),
        path === undefined ? undefined : (nest) => nest.setGlobalPrefix('api'),
      );
      expect(text).toMatch(message);
    },
  );

  it('a driver that prepares operations boots where all hooks run', async () => {
    const made = graphqlWs();
    const graphql = withPreparingDriver({ onNext: () => undefined })(made);
    const module = appOf({ platforms: [made] }, graphql);
    await using _app = await startApp(module);
  });

  it('open subscriptions on another path is reported, with the path', async () => {
    const made = graphqlWs();
    const { logger, lines } = recording();
    const guarded = { subscriptions: { 'graphql-ws': made.options() } };
    const open = { path: 'second', subscriptions: { 'graphql-ws': true } } as const;
    await using _app = await startApp(appOf({ platforms: [made] }, guarded, open), undefined, {
      logger,
    });
    expect(lines.filter((line) => line.startsWith('GraphQLModule:'))).toEqual([
      'GraphQLModule: its subscriptions on /second accept every client, unless resolvers refuse; protect them with graphqlWs() of ' +
        'nestjs-ws-auth/graphql-ws, or decide in an onConnect',
    ]);
  });

  it('open subscriptions boots on a path that ends like the one of graphqlWs(), and is reported', async () => {
    const made = graphqlWs({ path: '/api/admin/graphql' });
    const { logger, lines } = recording();
    const guarded = { path: 'admin/graphql', subscriptions: { 'graphql-ws': made.options() } };
    const open = { subscriptions: { 'graphql-ws': true } } as const;
    const prefixed = { useGlobalPrefix: true };
    await using _app = await startApp(
      appOf({ platforms: [made] }, { ...guarded, ...prefixed }, { ...open, ...prefixed }),
      (nest) => nest.setGlobalPrefix('api'),
      { logger },
    );
    expect(lines.filter((line) => line.startsWith('GraphQLModule:'))).toEqual([
      expect.stringContaining(
        'its subscriptions on /api/graphql accept every client, unless resolvers refuse',
      ),
    ]);
  });

  it.each([
    ['open', true, 1],
    ['decided by the application', { onConnect: () => true }, 0],
  ] as const)('subscriptions that are %s, and no graphqlWs()', async (_how, options, reports) => {
    const { logger, lines } = recording();
    const graphql = { subscriptions: { 'graphql-ws': options } };
    await using _app = await startApp(appOf({}, graphql), undefined, { logger });
    expect(lines.filter((line) => line.startsWith('GraphQLModule:'))).toHaveLength(reports);
  });
});

const ran: string[] = [];
const field = {
  type: GraphQLString,
  resolve: (_source: unknown, _args: unknown) => void ran.push('ran'),
};
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: 'Query', fields: { look: field } }),
  mutation: new GraphQLObjectType({ name: 'Mutation', fields: { act: field } }),
});

describe('K12a: a GraphQL server of the application that does not ask', () => {
  it.each([
    ['nothing', {}, {}],
    ['a token in connectionParams', { connectionParams: { token: tokenOf('alice') } }, {}],
    ['a token in the header', {}, bearer()],
  ])('runs no operation of a client with %s', async (_what, params, upgrade) => {
    ran.length = 0;
    const made = graphqlWs();
    const { logger, lines } = recording();
    await using app = await startApp(
      appOf({ platforms: [made], maxPendingPerAddress: 1 }),
      (nest) => {
        const server: Server = nest.getHttpServer();
        const sockets = new WebSocketServer({ server, path: '/graphql' });
        // Those of the schema's own copy of graphql: graphql-ws may load another one, which runs nothing of it.
        const run = { execute, subscribe, validate };
        useServer({ schema, ...run, ...made.options(), onConnect: () => true }, sockets);
      },
      { logger },
    );
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await using client = new Subscriber(app, params, upgrade);
      await client.subscribe('mutation { act }');
      expect(client.acks).toEqual([]);
      expect(client.closes).toMatchObject([{ code: 1006 }]);
    }
    expect(sessionsOf(app).count()).toBe(0);
    expect(ran).toEqual([]);
    expect(lines.filter((line) => line.startsWith('graphqlWs:'))).toEqual([
      'graphqlWs: all clients are refused, since the GraphQL server answers them without onConnect of options(); hand it over as it is, ' +
        "with hooks of your own inside: subscriptions: { 'graphql-ws': subscriptions.options({ onConnect }) }",
    ]);
  });
});
