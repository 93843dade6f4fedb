import { Controller, Injectable, Module, Post, Req } from '@nestjs/common';
import { PassportSerializer } from '@nestjs/passport';
import session, { MemoryStore } from 'express-session';
import passport from 'passport';
import { describe, expect, it } from 'vitest';
import { fromRequest, type WsAuthMiddleware } from '../../lib/index.js';
import { ioTransports, startIo, type IoApp } from './support/io-app.js';
import { RootGateway } from './support/io-gateways.js';
import { ask } from './support/raw-io.js';

type Done = (error: unknown, user?: unknown) => void;

@Injectable()
class Serializer extends PassportSerializer {
  serializeUser({ id }: { readonly id: unknown }, done: Done): void {
    done(null, id);
  }

  deserializeUser(id: unknown, done: Done): void {
    done(null, { id });
  }
}

interface LoginRequest {
  login(user: object, done: Done): void;
  logout(done: Done): void;
}

@Controller()
class LoginController {
  @Post('login')
  login(@Req() request: LoginRequest): Promise<void> {
    return settled((done) => request.login({ id: 'alice' }, done));
  }

  @Post('logout')
  logout(@Req() request: LoginRequest): Promise<void> {
    return settled((done) => request.logout(done));
  }
}

function settled(run: (done: Done) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    run((error) => (error ? reject(error) : resolve()));
  });
}

@Module({ controllers: [LoginController], providers: [Serializer] })
class LoginModule {}

/** An application with a login by HTTP session, whose gateway accepts the cookie. */
async function startHttpSessions(): Promise<IoApp> {
  const store = new MemoryStore();
  const middleware = [
    session({ secret: 'keyboard cat', resave: false, saveUninitialized: false, store }),
    passport.session(),
  ];
  const app = await startIo(
    {
      strategy: 'session',
      credentials: [fromRequest()],
      middleware: middleware as WsAuthMiddleware[],
    },
    [RootGateway],
    { imports: [LoginModule], prepare: (nest) => nest.use(...middleware) },
  );
  app.sessions.bindToHttpSession(store);
  return app;
}

async function login(app: IoApp): Promise<string> {
  const { headers } = await ask(`${app.url}/login`, { method: 'POST' });
  return headers['set-cookie']![0]!.split(';')[0]!;
}

describe.each(ioTransports)('the cookie of an HTTP session, by %s', (transport) => {
  it('authenticates a client, and its logout ends the connection and no other', async () => {
    await using app = await startHttpSessions();
    const [here, elsewhere] = [await login(app), await login(app)];
    const open = (cookie: string) =>
      app.open(transport, { extraHeaders: { cookie, origin: app.url } });
    const client = await open(here).connected();
    await expect(client.ask('whoami')).resolves.toMatchObject({
      user: 'alice',
      same: true,
      extractor: 'fromRequest',
    });
    const other = await open(elsewhere).connected();
    await ask(`${app.url}/logout`, { method: 'POST', headers: { cookie: here } });
    await expect(client.ended()).resolves.toEqual({ code: 3000, reason: 'revoked' });
    await expect(client.disconnected()).resolves.toBe('io server disconnect');
    await expect(other.ask('echo', 1)).resolves.toBe(1);
    await expect(open(here).refused()).resolves.toMatchObject({ data: { code: 3000 } });
  });
});
