import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { JwtModule } from '@nestjs/jwt';
import { Test } from '@nestjs/testing';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { createClient } from 'redis';
import { describe, expect, it } from 'vitest';
import { WsAuthSessions } from '../../lib/index.js';
import { RedisServer } from '../support/redis.js';
import { JwtStrategy } from '../support/strategies.js';
import { secret, tokenOf } from '../support/tokens.js';
import { ChatGateway as After } from './snippets/socket-io-after.js';
import { ChatGateway as Before } from './snippets/socket-io-before.js';
import { openChat } from './snippets/socket-io-client.js';
import { AuthModule } from './snippets/socket-io-module.js';
import { useRedis } from './snippets/socket-io-redis.js';

type Socket = ReturnType<typeof openChat>;

/** A promise, and what resolves it. */
function deferred() {
  let resolve: () => void;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve: () => resolve() };
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('connect', resolve));
}

describe('lib/guides/socket-io.md', () => {
  it('answers as before, and ends with the token', async () => {
    const module = await Test.createTestingModule({
      imports: [AuthModule],
      providers: [JwtStrategy, After],
    }).compile();
    const app = module.createNestApplication({ logger: false });
    await using redis = await RedisServer.start();
    const client = createClient({ url: redis.url });
    await client.connect();
    useRedis(app, client);
    await app.listen(0, '127.0.0.1');
    const server: Server = app.getHttpServer();
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const tokens = [tokenOf('alice', { iat: Math.floor(Date.now() / 1_000) })];
    const left = deferred();
    const token = () => Promise.resolve(tokens.shift() ?? 'forged');
    const socket = openChat(origin, token, left.resolve);
    await connected(socket);
    await expect(socket.emitWithAck('hello')).resolves.toBe('Hello alice!');
    const ended = new Promise((resolve) => socket.once('ended', resolve));
    await app.get(WsAuthSessions).revoke({ userId: 'alice' });
    await expect(ended).resolves.toEqual({ code: 3000, reason: 'revoked' });
    await left.promise;
    await app.close();
    await client.close();
  });

  it('shows before what stock Nest does', async () => {
    const module = await Test.createTestingModule({
      imports: [JwtModule.register({ secretOrPrivateKey: secret, secret: secret.export() })],
      providers: [Before],
    }).compile();
    const app = module.createNestApplication({ logger: false });
    app.useWebSocketAdapter(new IoAdapter(app));
    await app.listen(0, '127.0.0.1');
    const server: Server = app.getHttpServer();
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const socket = openChat(
      origin,
      () => Promise.resolve(tokenOf('alice')),
      () => undefined,
    );
    await connected(socket);
    await expect(socket.emitWithAck('hello')).resolves.toBe('Hello alice!');
    socket.disconnect();
    await app.close();
  });
});
