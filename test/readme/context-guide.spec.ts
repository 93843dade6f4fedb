import type { DynamicModule } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { ClsModule, ClsServiceManager } from 'nestjs-cls';
import { expect, it } from 'vitest';
import { startApp } from '../support/app.js';
import { JwtStrategy } from '../support/strategies.js';
import { tokenOf } from '../support/tokens.js';
import { protection, tenant } from './snippets/async-context.js';
import { protection as protectionWithCls } from './snippets/cls-context.js';

@WebSocketGateway()
class ContextGateway {
  @SubscribeMessage('context')
  context() {
    const data = { tenant: tenant.getStore(), cls: ClsServiceManager.getClsService().getId() };
    return { event: 'context', data };
  }
}

async function contextsIn(...imports: DynamicModule[]): Promise<unknown[]> {
  await using app = await startApp({
    imports: [ClsModule.forRoot(), ...imports],
    providers: [JwtStrategy, ContextGateway],
  });
  const headers = { authorization: `Bearer ${tokenOf('alice')}`, host: 'blue.example.com' };
  const client = await app.connect('/', { headers }).opened();
  return [await client.ask('context'), await client.ask('context')];
}

it('keeps what an AsyncLocalStorage holds, as lib/guides/recipes.md shows', async () => {
  const blue = { tenant: 'blue.example.com' };
  expect(await contextsIn(protection)).toEqual([blue, blue]);
});

it('keeps the context of nestjs-cls, as lib/guides/recipes.md shows', async () => {
  const [first, second] = await contextsIn(protectionWithCls);
  expect(first).toEqual({ cls: expect.any(String) });
  expect(second).toEqual(first);
});
