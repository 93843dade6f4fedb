import { Test } from '@nestjs/testing';
import { MemoryWsAuthStore, WsAuthModule, WsAuthSessions } from 'nestjs-ws-auth';
import { connectAs } from 'nestjs-ws-auth/testing';
import { expect, it } from 'vitest';
import { ChatGateway, JwtStrategy } from './chat.module.js';

it('logs a user out on the other node', async () => {
  const store = new MemoryWsAuthStore();
  const imports = [WsAuthModule.forRoot({ strategy: 'jwt', store })];
  const providers = [JwtStrategy, ChatGateway];
  const start = () => Test.createTestingModule({ imports, providers }).compile();
  const here = await (await start()).createNestApplication().init();
  const there = await (await start()).createNestApplication().init();
  await using client = await connectAs(there, { id: 'alice' });
  await here.get(WsAuthSessions).revoke({ userId: 'alice' });
  expect(await client.closed()).toEqual({ code: 3000, reason: 'revoked' });
  await Promise.all([here.close(), there.close()]);
});
