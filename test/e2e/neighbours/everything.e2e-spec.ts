import type { Server } from 'node:http';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import type { INestApplication } from '@nestjs/common';
import { GraphQLModule } from '@nestjs/graphql';
import { WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { graphqlWs } from '../../../lib/graphql-ws.js';
import { protectUpgrades, userOf, WsAuthModule } from '../../../lib/index.js';
import { News, NewsResolver } from '../../graphql/graphql-app.js';
import { Subscriber } from '../../graphql/graphql-client.js';
import { startApp, type TestApp } from '../../support/app.js';
import { sessionsOf } from '../../support/connections.js';
import { EchoGateway } from '../../support/gateways.js';
import { JwtStrategy, type TestUser } from '../../support/strategies.js';
import { bearer, tokenOf } from '../../support/tokens.js';

@WebSocketGateway({ path: '/chat' })
class ChatGateway extends EchoGateway {}

/** A server of another package that greets the user of a protected upgrade, and every client of an open one. */
function attachGreeter(nest: INestApplication, path: string, isProtected: boolean): void {
  const server: Server = nest.getHttpServer();
  const greeter = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    if (request.url?.startsWith(path)) {
      greeter.handleUpgrade(request, socket, head, (client) => {
        const user = isProtected ? userOf<TestUser>(request).id : 'anyone';
        client.send(JSON.stringify({ event: 'hello', data: user }));
      });
    }
  });
}

function startEverything(): Promise<TestApp> {
  const subscriptions = graphqlWs();
  return startApp(
    {
      imports: [
        WsAuthModule.forRoot({
          strategy: 'jwt',
          platforms: [subscriptions],
          upgrades: [protectUpgrades({ path: '/protected' })],
        }),
        GraphQLModule.forRoot<ApolloDriverConfig>({
          driver: ApolloDriver,
          autoSchemaFile: true,
          // Otherwise Apollo ends the connections of gateways, without a close frame, before their sessions end.
          stopOnApplicationShutdown: true,
          subscriptions: { 'graphql-ws': subscriptions.options() },
        }),
      ],
      providers: [JwtStrategy, ChatGateway, News, NewsResolver],
    },
    (nest) => {
      attachGreeter(nest, '/protected', true);
      attachGreeter(nest, '/open', false);
    },
  );
}

const forged = bearer('forged');

describe('gateways, subscriptions, a protected and an open server on one HTTP server', () => {
  it('each serve their own clients, and only the open one serves strangers', async () => {
    await using app = await startEverything();
    const chat = await app.connect('/chat', bearer()).opened();
    expect(await chat.ask('whoami')).toMatchObject({ user: 'alice' });
    await using graphql = new Subscriber(app, { connectionParams: { token: tokenOf('alice') } });
    expect(await graphql.query('{ me }')).toEqual({ data: { me: 'alice alice alice graphql-ws' } });
    const other = await app.connect('/protected', bearer()).opened();
    expect(await other.nextEvent()).toEqual({ event: 'hello', data: 'alice' });
    const open = await app.connect('/open', forged).opened();
    expect(await open.nextEvent()).toEqual({ event: 'hello', data: 'anyone' });
    for (const path of ['/chat', '/graphql', '/protected']) {
      const protocols = ['graphql-transport-ws'];
      expect((await app.connect(path, { ...forged, protocols }).refusal()).status).toBe(401);
    }
  });

  it('end together when their user is revoked, and the open one stays', async () => {
    await using app = await startEverything();
    const chat = await app.connect('/chat', bearer()).opened();
    await using graphql = new Subscriber(app, {}, bearer());
    const subscribed = graphql.subscribe();
    await expect.poll(() => app.nest.get(News).subscribers).toBe(1);
    const other = await app.connect('/protected', bearer()).opened();
    const open = await app.connect('/open').opened();
    expect(
      sessionsOf(app)
        .ofUser('alice')
        .map(({ transport }) => transport),
    ).toEqual(['ws', 'graphql-ws', 'ws']);
    await sessionsOf(app).revoke({ userId: 'alice' });
    expect(await chat.closed()).toMatchObject({ code: 3000 });
    expect(await subscribed).toMatchObject({ code: 4403, reason: 'revoked' });
    expect(await other.closed()).toMatchObject({ code: 1006 });
    expect(open.socket.readyState).toBe(open.socket.OPEN);
    expect(sessionsOf(app).count()).toBe(0);
  });

  it('end with 1001 when the application closes, where Apollo does not end the connections first', async () => {
    const app = await startEverything();
    const chat = await app.connect('/chat', bearer()).opened();
    await using graphql = new Subscriber(app, {}, bearer());
    const subscribed = graphql.subscribe();
    await expect.poll(() => app.nest.get(News).subscribers).toBe(1);
    await app.nest.close();
    const closing = { code: 1001, reason: 'server shutting down' };
    expect(await chat.closed()).toEqual(closing);
    expect(await subscribed).toMatchObject(closing);
  });

  it('share one limit per user', async () => {
    const subscriptions = graphqlWs({ maxSessionsPerUser: 1 });
    const upgrades = [protectUpgrades({ path: '/protected', maxSessionsPerUser: 1 })];
    await using app = await startApp(
      {
        imports: [
          WsAuthModule.forRoot({ strategy: 'jwt', platforms: [subscriptions], upgrades }),
          GraphQLModule.forRoot<ApolloDriverConfig>({
            driver: ApolloDriver,
            autoSchemaFile: true,
            subscriptions: { 'graphql-ws': subscriptions.options() },
          }),
        ],
        providers: [JwtStrategy, News, NewsResolver],
      },
      (nest) => attachGreeter(nest, '/protected', true),
    );
    await app.connect('/protected', bearer()).opened();
    await using graphql = new Subscriber(app, { connectionParams: { token: tokenOf('alice') } });
    expect(await graphql.subscribe()).toMatchObject({ code: 1013, reason: 'too many sessions' });
  });
});
