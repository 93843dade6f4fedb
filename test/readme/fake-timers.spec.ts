import { Test } from '@nestjs/testing';
import { connectAs, fakeTimers } from 'nestjs-ws-auth/testing';
import { expect, it, vi } from 'vitest';
import { ChatModule } from './chat.module.js';

it('lets a session end after a minute', async () => {
  vi.useFakeTimers(fakeTimers.vitest); // jest.useFakeTimers(fakeTimers.jest), mock.timers.enable(fakeTimers.nodeTest)
  const module = await Test.createTestingModule({ imports: [ChatModule] }).compile();
  const app = module.createNestApplication();
  await using client = await connectAs(app, { id: 'alice', exp: Date.now() / 1_000 + 60 });
  vi.advanceTimersByTime(60_000);
  expect(await client.closed()).toEqual({ code: 3000, reason: 'token expired' });
  vi.useRealTimers();
  await app.close();
});
