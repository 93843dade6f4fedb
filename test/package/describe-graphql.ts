import { beforeAll, describe, expect, inject, it } from 'vitest';
import type { Consumer } from './consumer.js';
import type { NestMajor } from './matrix.js';

/** A GraphQL server that a reader may have. */
interface Cell {
  readonly name: string;
  readonly nest: NestMajor;
  readonly type: 'commonjs' | 'module';
  readonly packages: readonly string[];
  /** The code that differs from server to server. */
  readonly code: ServerCode;
  /** What becomes of each client. */
  readonly printed: readonly string[];
}

/** Parts of the program. */
interface ServerCode {
  readonly imports: string;
  readonly modules: string;
  /** Argument of `NestFactory.create()` for an HTTP adapter. */
  readonly adapter: string;
  /** How a client presents a good token. */
  readonly good: string;
}

function apolloPackages(nestGraphql: number): string[] {
  const names = ['@nestjs/graphql', '@nestjs/apollo'].map((name) => `${name}@${nestGraphql}`);
  return [...names, '@apollo/server@5', '@as-integrations/express5@1'];
}

function withGraphqlWs(driver: string, from: string): ServerCode {
  return {
    imports: `
import { ${driver} } from '${from}';
import { graphqlWs } from 'nestjs-ws-auth/graphql-ws';
const subscriptions = graphqlWs();
`,
    modules: `
WsAuthModule.forRoot({ strategy: 'test', platforms: [subscriptions] }),
GraphQLModule.forRoot({
  driver: ${driver},
  autoSchemaFile: true,
  subscriptions: { 'graphql-ws': subscriptions.options() as object },
} as never),
`,
    adapter: '',
    good: "{ params: { token: 'good' } }",
  };
}

/** Its server is not that of graphql-ws: it has the level of the upgrade. */
const mercurius: ServerCode = {
  imports: `
import { MercuriusDriver } from '@nestjs/mercurius';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { protectUpgrades } from 'nestjs-ws-auth';
`,
  modules: `
WsAuthModule.forRoot({ strategy: 'test', upgrades: [protectUpgrades({ path: '/graphql' })] }),
GraphQLModule.forRoot({
  driver: MercuriusDriver,
  autoSchemaFile: true,
  subscription: {
    fullWsTransport: true,
    context: (_connection: unknown, request: { raw: object }) => ({ req: request.raw }),
  },
} as never),
`,
  adapter: 'new FastifyAdapter() as never, ',
  good: "{ headers: { Authorization: 'Bearer good' } }",
};

const apollo = withGraphqlWs('ApolloDriver', '@nestjs/apollo');
const yoga = withGraphqlWs('YogaDriver', '@graphql-yoga/nestjs');
const refused = 'Unexpected server response: 401, closed 1006';
const ofGraphqlWs = [refused, 'closed 4403', 'closed 4403', 'Hello alice!, closed 4403'];

const cells: readonly Cell[] = [
  {
    name: 'Apollo and graphql-ws 6.2.1',
    nest: 11,
    type: 'commonjs',
    packages: [...apolloPackages(13), 'graphql-ws@6.2.1'],
    code: apollo,
    printed: ofGraphqlWs,
  },
  {
    name: 'Apollo',
    nest: 12,
    type: 'module',
    packages: [...apolloPackages(14), 'graphql-ws@6'],
    code: apollo,
    printed: ofGraphqlWs,
  },
  {
    name: 'Yoga and graphql-ws 6.2.1',
    nest: 11,
    type: 'module',
    packages: [
      '@nestjs/graphql@13',
      '@graphql-yoga/nestjs@3',
      'graphql-yoga@5',
      'graphql-ws@6.2.1',
    ],
    code: yoga,
    printed: ofGraphqlWs,
  },
  {
    name: 'Mercurius',
    nest: 12,
    type: 'module',
    packages: [
      '@nestjs/graphql@14',
      '@nestjs/mercurius@14',
      '@nestjs/platform-fastify@12',
      'mercurius@16',
      'fastify@5',
      'graphql-ws@6',
    ],
    code: mercurius,
    printed: [refused, refused, refused, 'Hello alice!, closed 1006'],
  },
];

/** Packages of the servers that are tested with that Nest: all of them in one folder. */
export function packagesOfGraphql(nest: NestMajor): string[] {
  const names = ['common', 'core', 'passport', 'websockets', 'platform-express'];
  const ofServers = cellsOf(nest).flatMap(({ packages }) => packages);
  return [
    ...names.map((name) => `@nestjs/${name}@${nest}`),
    ...new Set(ofServers),
    'graphql@16',
    'passport',
    'passport-custom',
    'reflect-metadata@0.2',
    'rxjs@7',
    'ws@8',
    '@types/node@20',
    '@types/ws@8',
    inject('tarball').path,
  ];
}

function cellsOf(nest: NestMajor): readonly Cell[] {
  return cells.filter((cell) => cell.nest === nest);
}

/** Prints what becomes of clients with a good and with bad tokens, and of a subscription that is revoked. */
const program = ({ imports, modules, adapter, good }: ServerCode) => `
import 'reflect-metadata';
import { Injectable, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GraphQLModule, Query, Resolver, Subscription } from '@nestjs/graphql';
import { PassportStrategy } from '@nestjs/passport';
import { createClient } from 'graphql-ws';
import { WsAuthGuard, WsAuthModule, WsAuthSessions, WsUser } from 'nestjs-ws-auth';
import { Strategy } from 'passport-custom';
import { WebSocket } from 'ws';
${imports}

@Injectable()
class TestStrategy extends PassportStrategy(Strategy, 'test') {
  validate(request: { headers: { authorization?: string } }) {
    return request.headers.authorization === 'Bearer good' && { id: 'alice' };
  }
}

@Resolver()
class GreetingResolver {
  @Query(() => String)
  hello() {
    return 'hello';
  }

  @Subscription(() => String, { resolve: (text: string) => text })
  @UseGuards(WsAuthGuard)
  async *greetings(@WsUser('id') id: string) {
    yield 'Hello ' + id + '!';
    await new Promise(() => undefined);
  }
}

@Module({
  imports: [${modules}],
  providers: [TestStrategy, GreetingResolver],
})
class AppModule {}

interface Attempt {
  readonly params?: Record<string, string>;
  readonly headers?: Record<string, string>;
}

/** Subscribes, and resolves with what came of it; \`onValue\` may end the subscription. */
function subscribe(url: string, { params, headers = {} }: Attempt, onValue: () => unknown): Promise<string> {
  const seen: string[] = [];
  return new Promise((resolve) => {
    const client = createClient({
      url,
      retryAttempts: 0,
      ...(params && { connectionParams: params }),
      webSocketImpl: class extends WebSocket {
        constructor(address: string, protocols: string) {
          super(address, protocols, { headers });
          this.on('error', ({ message }) => seen.push(message));
        }
      },
      on: { closed: (event) => seen.push('closed ' + (event as { code: number }).code) },
    });
    const settle = () => setImmediate(() => resolve(seen.join(', ')));
    client.subscribe(
      { query: 'subscription { greetings }' },
      {
        next: ({ data, errors }) => {
          seen.push(errors ? errors[0]!.message : String(data?.['greetings']));
          onValue();
        },
        error: settle,
        complete: settle,
      },
    );
  });
}

async function main() {
  const app = await NestFactory.create(AppModule, ${adapter}{ logger: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  const url = (await app.getUrl()).replace('http', 'ws') + '/graphql';
  const revoke = () => app.get(WsAuthSessions).revoke({ userId: 'alice' });
  const fails = () => undefined;
  const bad = { Authorization: 'Bearer bad' };
  console.log(await subscribe(url, { headers: bad }, fails));
  console.log(await subscribe(url, { params: { token: 'bad' } }, fails));
  console.log(await subscribe(url, {}, fails));
  console.log(await subscribe(url, ${good}, revoke));
  await app.close();
  process.exit(0);
}

main().catch((error: Error) => {
  console.log(error.stack);
  process.exit(1);
});
`;

/** Runs each server in a folder of its own, beside its packages. */
export function describeGraphql(nest: NestMajor, consumerOf: () => Consumer): void {
  describe.each(cellsOf(nest))('18: subscriptions of $name, as $type', (cell) => {
    const folder = cell.name.split(' ', 1)[0]!;
    beforeAll(async () => {
      const consumer = consumerOf();
      await consumer.write(`${folder}/package.json`, JSON.stringify({ type: cell.type }));
      await consumer.write(`${folder}/src/main.ts`, program(cell.code));
      await consumer.compileProject(folder, { skipLibCheck: true });
    });

    it('are protected without a WebSocket platform, and end with their revocation', async () => {
      const consumer = consumerOf();
      expect(consumer.has('@nestjs/platform-ws')).toBe(false);
      expect(consumer.has('@nestjs/platform-socket.io')).toBe(false);
      await expect(consumer.outputOf('node', [`${folder}/dist/main.js`])).resolves.toBe(
        `${cell.printed.join('\n')}\n`,
      );
    });
  });
}
