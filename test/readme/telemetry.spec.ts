import { Test } from '@nestjs/testing';
import { connectAs } from 'nestjs-ws-auth/testing';
import { expect, it } from 'vitest';
import { ObservedModule } from './observed.module.js';

it('telemetry does no harm where no SDK of OpenTelemetry is set up', async () => {
  const module = await Test.createTestingModule({ imports: [ObservedModule] }).compile();
  const app = module.createNestApplication();
  await using client = await connectAs(app, { id: 'alice' });
  expect(await client.ask('hello')).toBe('Hello alice!');
  await app.close();
});
