import { afterAll, beforeAll, expect, it } from 'vitest';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { connect, connectAs, expectRefused } from 'nestjs-ws-auth/testing';
import { ChatModule } from './chat.module.js';

let app: INestApplication;
beforeAll(async () => {
  const module = await Test.createTestingModule({ imports: [ChatModule] }).compile();
  app = module.createNestApplication();
});
afterAll(() => app.close());

it('greets its user', async () => {
  await using client = await connectAs(app, { id: 'alice' });
  client.emit('hello');
  expect(await client.nextEvent()).toEqual({ event: 'hello', data: 'Hello alice!' });
});

it('refuses a forged token', async () => {
  await expectRefused(connect(app, { firstMessage: { token: 'forged' } }), { closeCode: 3000 });
});

it('closes a client whose token has expired', async () => {
  await using client = await connectAs(app, { id: 'alice' });
  expect(await client.expire()).toEqual({ code: 3000, reason: 'token expired' });
});
