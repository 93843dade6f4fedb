import { expect, it } from 'vitest';
import { WsAuthModule } from '../../lib/index.js';
import { schema, subscription } from '../e2e/neighbours/graphql.js';
import { startApp } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { JwtStrategy } from '../support/strategies.js';
import { tokenOf } from '../support/tokens.js';
import { useGraphql } from './snippets/beside-graphql.js';

it('serves GraphQL beside a gateway, as lib/guides/beside-other-servers.md shows', async () => {
  await using app = await startApp(
    {
      imports: [WsAuthModule.forRoot({ strategy: 'jwt' })],
      providers: [JwtStrategy, EchoGateway],
    },
    (nest) => useGraphql(nest, schema),
  );
  const counted = ['one', 'two', 'three'].map((count) => ({ count }));
  expect(await subscription(app.url('/graphql'))).toEqual(counted);
  const headers = { authorization: `Bearer ${tokenOf('alice')}` };
  const client = await app.connect('/', { headers }).opened();
  expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
  expect((await app.connect('/elsewhere').refusal()).status).toBe(400);
});
