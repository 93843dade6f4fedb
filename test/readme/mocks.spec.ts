import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { WsAuthModule, WsAuthSessions, WsUser } from 'nestjs-ws-auth';
import { connectAs } from 'nestjs-ws-auth/testing';
import { expect, it, vi } from 'vitest';
import { ChatGateway, JwtStrategy } from './chat.module.js';

@Injectable()
class LogoutService {
  constructor(private readonly sessions: WsAuthSessions) {}

  async logOut(userId: string) {
    await this.sessions.revoke({ userId });
  }
}

@WebSocketGateway({ path: '/chat' })
class LogoutGateway {
  constructor(private readonly service: LogoutService) {}

  @SubscribeMessage('logout')
  async logOut(@WsUser('id') id: string) {
    await this.service.logOut(id);
    return { event: 'logout', data: 'bye' };
  }
}

@Module({
  imports: [WsAuthModule.forRoot({ strategy: 'jwt' })],
  providers: [JwtStrategy, LogoutService, LogoutGateway],
})
class LogoutModule {}

it('logs out everywhere', async () => {
  const revoke = vi.fn();
  const sessions = { provide: WsAuthSessions, useValue: { revoke } };
  const module = await Test.createTestingModule({ providers: [LogoutService, sessions] }).compile();
  await module.get(LogoutService).logOut('alice');
  expect(revoke).toHaveBeenCalledWith({ userId: 'alice' });
});

it('logs out everywhere, asked by a socket', async () => {
  const revoke = vi.fn();
  const module = await Test.createTestingModule({ imports: [LogoutModule] })
    .overrideProvider(WsAuthSessions)
    .useValue({ revoke })
    .compile();
  const app = module.createNestApplication();
  await using client = await connectAs(app, { id: 'alice' });
  expect(await client.ask('logout')).toBe('bye');
  expect(revoke).toHaveBeenCalledWith({ userId: 'alice' });
  await app.close();
});

it('greets whom it is given', async () => {
  const module = await Test.createTestingModule({ providers: [ChatGateway] }).compile();
  expect(module.get(ChatGateway).hello('alice')).toEqual({ event: 'hello', data: 'Hello alice!' });
});
