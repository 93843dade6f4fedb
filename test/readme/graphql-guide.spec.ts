import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { UseGuards } from '@nestjs/common';
import { GraphQLModule, Query, Resolver } from '@nestjs/graphql';
import { createClient } from 'graphql-ws';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { graphqlWs } from '../../lib/graphql-ws.js';
import { WsAuthModule } from '../../lib/index.js';
import { schema } from '../e2e/neighbours/graphql.js';
import { Subscriber } from '../graphql/graphql-client.js';
import { startApp } from '../support/app.js';
import { ask } from '../support/http.js';
import { JwtStrategy, type TestUser } from '../support/strategies.js';
import { tokenOf } from '../support/tokens.js';
import { CurrentUser, GqlAuthGuard } from './snippets/gql-auth-guard.js';
import { graphqlImports } from './snippets/graphql-after.js';
import { liveClient } from './snippets/graphql-client.js';
import { GreetingResolver } from './snippets/graphql-resolver.js';
import { useSchema } from './snippets/graphql-server.js';

@Resolver()
class MeResolver {
  @Query(() => String)
  @UseGuards(GqlAuthGuard)
  me(@CurrentUser() user: TestUser): string {
    return user.id;
  }
}

const connectionParams = () => ({ token: tokenOf('alice') });

describe('lib/guides/graphql.md', () => {
  it('protects subscriptions, and resolvers know the user', async () => {
    const providers = [JwtStrategy, MeResolver, GreetingResolver];
    await using app = await startApp({ imports: graphqlImports, providers });
    await using forged = new Subscriber(app, { connectionParams: { token: 'forged' } });
    expect(await forged.subscribe('subscription { greetings }')).toMatchObject({ code: 4403 });
    await using client = new Subscriber(app, { connectionParams });
    expect(await client.subscribe('subscription { greetings }')).toBeUndefined();
    expect(client.values).toEqual(['hello alice', 'welcome alice']);
  });

  it('has one guard for HTTP and for connections', async () => {
    const providers = [JwtStrategy, MeResolver];
    const subscriptions = graphqlWs();
    const graphql = GraphQLModule.forRoot<ApolloDriverConfig>({
      driver: ApolloDriver,
      autoSchemaFile: true,
      subscriptions: { 'graphql-ws': subscriptions.options() },
    });
    const auth = WsAuthModule.forRoot({ strategy: 'jwt', platforms: [subscriptions] });
    await using app = await startApp({ imports: [auth, graphql], providers });
    const overHttp = (token: string) =>
      ask(`${app.origin}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query: '{ me }' }),
      });
    expect((await overHttp(tokenOf('bob'))).body).toContain('"me":"bob"');
    expect((await overHttp('forged')).body).toContain('UNAUTHENTICATED');
    await using client = new Subscriber(app, { connectionParams });
    expect(await client.query('{ me }')).toEqual({ data: { me: 'alice' } });
  });

  it('protects a server of graphql-ws without @nestjs/graphql', async () => {
    const subscriptions = graphqlWs({ path: '/live' });
    const imports = [WsAuthModule.forRoot({ strategy: 'jwt', platforms: [subscriptions] })];
    await using app = await startApp({ imports, providers: [JwtStrategy] }, (nest) =>
      useSchema(nest, schema, subscriptions),
    );
    await using stranger = new Subscriber(app, {}, {}, '/live');
    expect(await stranger.subscribe('subscription { count }')).toMatchObject({ code: 4403 });
    await using client = new Subscriber(app, { connectionParams }, {}, '/live');
    expect(await client.subscribe('subscription { count }')).toBeUndefined();
    expect(client.values).toEqual(['one', 'two', 'three']);
  });

  it('has options for the official client', async () => {
    expect(createClient).toBeTypeOf('function');
    vi.stubGlobal('WebSocket', WebSocket);
    onTestFinished(() => void vi.unstubAllGlobals());
    const client = liveClient('ws://127.0.0.1:9/graphql', () => undefined);
    await client.dispose();
  });
});
