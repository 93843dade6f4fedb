import { afterAll, beforeAll, expect, it } from 'vitest';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { connect, connectAs, expectRefused } from 'nestjs-ws-auth/testing';
import type { Socket } from 'socket.io-client';
import { ChatModule } from './socket-io.module.js';

let app: INestApplication;
beforeAll(async () => {
  const module = await Test.createTestingModule({ imports: [ChatModule] }).compile();
  app = module.createNestApplication();
});
afterAll(() => app.close());

it('greets its user, by polling', async () => {
  const options = { namespace: '/chat', transports: ['polling'] } as const;
  await using client = await connectAs<Socket>(app, { id: 'alice' }, options);
  expect(await client.ask('hello')).toBe('Hello alice!');
  expect(client.socket.connected).toBe(true);
});

it('refuses a forged token', async () => {
  const attempt = connect(app, { firstMessage: { token: 'forged' } });
  await expectRefused(attempt, { closeCode: 3000, reason: 'credential rejected' });
});
