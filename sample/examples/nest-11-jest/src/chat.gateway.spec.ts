import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { connect, connectAs, expectRefused } from 'nestjs-ws-auth/testing';
import { AppModule } from './app.module';
import { ChatGateway } from './chat.gateway';

describe('ChatGateway', () => {
  let app: INestApplication;
  beforeAll(async () => {
    process.env['JWT_SECRET'] = 'of the tests';
    const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    app = module.createNestApplication();
  });
  afterAll(() => app.close());

  it('greets its user', async () => {
    await using client = await connectAs(app, { id: 'alice' });
    expect(await client.ask('hello')).toBe('Hello alice!');
  });

  it('refuses a forged token', async () => {
    await expectRefused(connect(app, { firstMessage: { token: 'forged' } }), { closeCode: 3000 });
  });

  it('has handlers that are plain methods', () => {
    expect(new ChatGateway().hello('bob')).toEqual({ event: 'hello', data: 'Hello bob!' });
  });
});
