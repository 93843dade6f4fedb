import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { GraphQLModule } from '@nestjs/graphql';
import type { Server } from 'node:http';
import { expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { protectUpgrades, WsAuthModule } from '../../lib/index.js';
import { graphqlWs } from '../../lib/graphql-ws.js';
import { bootError, startApp, type TestApp } from '../support/app.js';
import { handshakeOf } from '../support/invariants.js';
import { RawPeer } from '../support/raw-peer.js';
import { JwtStrategy } from '../support/strategies.js';
import { bearer, tokenOf } from '../support/tokens.js';
import { News, NewsResolver } from './graphql-app.js';
import { Subscriber } from './graphql-client.js';

/** An application whose GraphQL server stands beside a server of `ws`, which takes what begins with its path. */
function start(
  path: string,
  onMessage: (text: string) => void,
  subscriptions = graphqlWs(),
): Promise<TestApp> {
  const module = {
    imports: [
      WsAuthModule.forRoot({
        strategy: 'jwt',
        platforms: [subscriptions],
        upgrades: [protectUpgrades({ path })],
      }),
      GraphQLModule.forRoot<ApolloDriverConfig>({
        driver: ApolloDriver,
        autoSchemaFile: true,
        subscriptions: { 'graphql-ws': subscriptions.options() },
      }),
    ],
    providers: [JwtStrategy, News, NewsResolver],
  };
  return startApp(module, (nest) => {
    const other = new WebSocketServer({ noServer: true });
    other.on('connection', (client) =>
      client.on('message', (data: Buffer) => onMessage(data.toString())),
    );
    const server: Server = nest.getHttpServer();
    server.prependListener('upgrade', (request, socket, head) => {
      if (request.url?.startsWith(path) && !/^\/graphql(?:\?|$)/.test(request.url)) {
        other.handleUpgrade(request, socket, head, (client) => other.emit('connection', client));
      }
    });
  });
}

it.each([
  ['/yjs', '/yjs/../graphql', 404],
  ['/yjs', '/yjs/..%2Fgraphql', 404],
  ['/yjs', '/yjs\\..\\graphql', 404],
  ['/', '/room/../graphql', 404],
  ['/', '/GraphQL', 404],
  ['/', '/graphql2', 401],
  ['/', '/room', 401],
])(
  'K8f: a server of %s meets no client that has yet to authenticate for the one of GraphQL, by %s',
  async (path, target, status) => {
    const messages: string[] = [];
    await using app = await start(path, (text) => messages.push(text));
    await using peer = new RawPeer(app.port);
    peer.write(handshakeOf({ target }, app.port));
    const answer = await peer.response();
    if (answer.status === 101) {
      peer.send('unauthenticated');
      await expect.poll(() => messages).toEqual(['unauthenticated']);
    }
    expect(answer.status).toBe(status);
  },
);

it.each([
  ['/', '/room'],
  ['/', '/%72oom'],
  ['/yjs', '/yjs/room'],
  ['/yjs', '/yjs2'],
])('a server of %s serves a client with a session on %s', async (path, target) => {
  const messages: string[] = [];
  await using app = await start(path, (text) => messages.push(text));
  const client = await app.connect(target, bearer()).opened();
  client.sendRaw('authenticated');
  await expect.poll(() => messages).toEqual(['authenticated']);
});

it.each(['/graphql', '/graphql/', '/GraphQL'])(
  'K11b: a second policy for the path of GraphQL refuses to boot: %s',
  async (path) => {
    const platforms = [graphqlWs()];
    const upgrades = [protectUpgrades({ path })];
    const imports = [WsAuthModule.forRoot({ strategy: 'jwt', platforms, upgrades })];
    const error = await bootError({ imports, providers: [JwtStrategy] });
    expect(error.message).toMatch(/^path: .* is protected twice/);
  },
);

it('K8f: a path with a slash at its end is the same as one without, beside a server of /', async () => {
  const messages: string[] = [];
  await using app = await start(
    '/',
    (text) => messages.push(text),
    graphqlWs({ path: '/graphql/' }),
  );
  await using client = new Subscriber(app, { connectionParams: { token: tokenOf('alice') } });
  expect(await client.query('{ hello }')).toEqual({ data: { hello: 'hello' } });
});
