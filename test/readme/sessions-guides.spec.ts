import { once } from 'node:events';
import { Controller, Injectable, Post, Req } from '@nestjs/common';
import { PassportSerializer } from '@nestjs/passport';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WsAuthHealth, WsAuthModule, WsAuthSessions, WsTickets } from '../../lib/index.js';
import { startApp, startProtected } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { ask } from '../support/http.js';
import { RedisServer } from '../support/redis.js';
import { JwtStrategy } from '../support/strategies.js';
import { bearer, tokenOf } from '../support/tokens.js';
import { AuditLog } from './snippets/audit-log.js';
import { Devices } from './snippets/devices.js';
import { SocketsModule, useHttpSessions } from './snippets/http-sessions.js';
import { RoomsGateway } from './snippets/rooms.js';
import { SessionRenewal } from './snippets/session-renewal.js';

describe('the code of lib/guides/sessions.md', () => {
  const logged: string[] = [];
  const log = (line: string) => logged.push(line);
  const start = () =>
    startApp(
      {
        imports: [WsAuthModule.forRoot({ strategy: 'jwt' })],
        providers: [JwtStrategy, RoomsGateway, Devices, SessionRenewal, AuditLog],
      },
      undefined,
      { logger: { log, warn: log, error: log } },
    );

  it('hands users and sessions to handlers', async () => {
    await using app = await start();
    const client = await app.connect('/rooms', bearer(tokenOf('alice'))).opened();
    const user = { id: 'alice' };
    expect(await client.ask('profile')).toEqual({ user, id: 'alice' });
    expect(await client.ask('session')).toMatchObject({ strategy: 'jwt' });
    expect(app.nest.get(RoomsGateway).present).toEqual(['alice']);
  });

  it('lists the sockets of a user, and closes one, or all others', async () => {
    await using app = await start();
    const devices = app.nest.get(Devices);
    const clients = [
      await app.connect('/rooms', bearer(tokenOf('alice'))).opened(),
      await app.connect('/rooms', bearer(tokenOf('alice'))).opened(),
      await app.connect('/rooms', bearer(tokenOf('alice'))).opened(),
    ] as const;
    const [first, second] = devices.list('alice');
    expect(first).toMatchObject({ extractor: 'fromAuthorizationHeader' });
    devices.close(first!.id);
    expect(await clients[0].closed()).toEqual({ code: 1008, reason: 'disconnected' });
    await devices.logOutElsewhere('alice', second!.id);
    expect(await clients[2].closed()).toEqual({ code: 3000, reason: 'revoked' });
    expect(await clients[1].ask('profile')).toMatchObject({ id: 'alice' });
  });

  it('renews a session from elsewhere', async () => {
    await using app = await start();
    await app.connect('/rooms', bearer(tokenOf('alice'))).opened();
    const [session] = app.nest.get(Devices).list('alice');
    const exp = Math.floor(Date.now() / 1_000) + 3_600;
    const renewed = app.nest.get(SessionRenewal).renew(session!.id, { id: 'alice' }, exp);
    expect(renewed.expiresAt).toBe(exp * 1_000);
  });

  it('writes an audit log', async () => {
    await using app = await start();
    logged.length = 0;
    await app.connect('/rooms', bearer(tokenOf('alice'))).opened();
    await app.connect('/rooms?x=1', { headers: { authorization: 'Bearer forged' } }).refusal();
    expect(logged).toContain('alice by fromAuthorizationHeader');
    expect(logged).toContain('ERR_WS_AUTH_CREDENTIAL_REJECTED /rooms 127.0.0.1');
  });
});

interface LoginRequest {
  login(user: object, done: (error: unknown) => void): void;
  logout(done: (error: unknown) => void): void;
}

@Controller()
class LoginController {
  @Post('login')
  login(@Req() request: LoginRequest): Promise<void> {
    return new Promise((resolve) => request.login({ id: 'alice' }, () => resolve()));
  }

  @Post('logout')
  logout(@Req() request: LoginRequest): Promise<void> {
    return new Promise((resolve) => request.logout(() => resolve()));
  }
}

type Done = (error: unknown, user?: unknown) => void;

@Injectable()
class Serializer extends PassportSerializer {
  serializeUser(user: { readonly id: string }, done: Done): void {
    done(null, user.id);
  }

  deserializeUser(id: unknown, done: Done): void {
    done(null, { id });
  }
}

describe('the HTTP sessions of lib/guides/sessions.md', () => {
  it('authenticate sockets, and end them with the logout', async () => {
    await using app = await startApp(
      {
        imports: [SocketsModule],
        controllers: [LoginController],
        providers: [Serializer, EchoGateway],
      },
      useHttpSessions,
    );
    const login = await ask(`${app.origin}/login`, { method: 'POST' });
    const cookie = login.headers['set-cookie']![0]!.split(';')[0]!;
    const connect = (origin: string) => app.connect('/', { origin, headers: { cookie } });
    const client = await connect(app.origin).opened();
    expect(await client.ask('whoami')).toEqual({ user: 'alice', via: 'fromRequest' });
    expect(await connect('https://evil.example').refusal()).toMatchObject({ status: 403 });
    await ask(`${app.origin}/logout`, { method: 'POST', headers: { cookie } });
    expect(await client.closed()).toEqual({ code: 3000, reason: 'revoked' });
    expect(await connect(app.origin).refusal()).toMatchObject({ status: 401 });
  });
});

describe('the stores of lib/guides/many-nodes.md', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
    process.env['REDIS_URL'] = server.url;
  });
  afterAll(async () => {
    delete process.env['REDIS_URL'];
    await server[Symbol.asyncDispose]();
  });

  it('with redis keep tickets and revocations of two nodes', async () => {
    const { AppModule, client } = await import('./snippets/redis-node.js');
    const metadata = { imports: [AppModule], providers: [JwtStrategy, EchoGateway] };
    {
      await using first = await startApp(metadata);
      await using second = await startApp(metadata);
      const { ticket } = await first.nest.get(WsTickets).issue({ id: 'alice' });
      expect(ticket).toHaveLength(43);
      const socket = await second.connect('/', bearer(tokenOf('alice'))).opened();
      await first.nest.get(WsAuthSessions).revoke({ userId: 'alice' });
      expect(await socket.closed()).toEqual({ code: 3000, reason: 'revoked' });
      expect(second.nest.get(WsAuthHealth).check('ws-auth')).toEqual({
        'ws-auth': { status: 'up' },
      });
    }
    client.destroy();
  });

  it('with ioredis do the same', async () => {
    const { store, client } = await import('./snippets/redis-io.js');
    await once(client, 'ready');
    {
      await using app = await startProtected({ store }, []);
      await app.nest.get(WsAuthSessions).revoke({ userId: 'bob' });
      expect(await store.isRevoked({ userId: 'bob', issuedAt: 0 })).toBe(true);
      expect(await store.isRevoked({ userId: 'carol', issuedAt: 0 })).toBe(false);
    }
    client.disconnect();
  });
});
