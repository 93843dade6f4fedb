import { Controller, Injectable, Post, Req } from '@nestjs/common';
import { PassportSerializer } from '@nestjs/passport';
import session, { MemoryStore, type SessionData } from 'express-session';
import passport from 'passport';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  fromRequest,
  WsAuthModule,
  WsAuthSessions,
  type WsAuthMiddleware,
  type WsAuthModuleOptions,
} from '../../lib/index.js';
import { startApp, type TestApp } from '../support/app.js';
import type { ConnectOptions } from '../support/client.js';
import { EchoGateway } from '../support/gateways.js';
import { ask } from '../support/http.js';
import { restoreClocks, useFakeTimers } from '../support/clocks.js';
import { fateOf, serverSide, sessionOfUser, sessionsOf } from '../support/connections.js';
import { settle } from '../support/turns.js';

restoreClocks();

type Done = (error: unknown, user?: unknown) => void;

/** How the test's application finds the user of a session. */
let deserialize: (id: unknown, done: Done) => void;

const byId = (id: unknown, done: Done) => done(null, { id });

@Injectable()
class Serializer extends PassportSerializer {
  serializeUser(user: { readonly id: unknown }, done: Done): void {
    done(null, user.id);
  }

  deserializeUser(id: unknown, done: Done): void {
    deserialize(id, done);
  }
}

/** The part of a request that the routes use. */
interface LoginRequest {
  readonly body: unknown;
  login(user: object, done: (error: unknown) => void): void;
  logout(done: (error: unknown) => void): void;
  readonly session: { destroy(done: (error: unknown) => void): void };
}

@Controller()
class LoginController {
  @Post('login')
  login(@Req() request: LoginRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      request.login(request.body as object, (error) => (error ? reject(error) : resolve()));
    });
  }

  @Post('logout')
  logout(@Req() request: LoginRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      request.logout((error) => (error ? reject(error) : resolve()));
    });
  }

  @Post('destroy')
  destroy(@Req() request: LoginRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      request.session.destroy((error) => (error ? reject(error) : resolve()));
    });
  }
}

/** A store that records its writers. */
class ObservedStore extends MemoryStore {
  readonly writes: string[] = [];

  override set(id: string, data: SessionData, callback?: (error?: unknown) => void): void {
    this.writes.push('set');
    super.set(id, data, callback);
  }

  override touch(id: string, data: SessionData, callback?: () => void): void {
    this.writes.push('touch');
    super.touch(id, data, callback);
  }

  override destroy(id: string, callback?: (error?: unknown) => void): void {
    this.writes.push('destroy');
    super.destroy(id, callback);
  }
}

interface HttpSessionApp {
  readonly app: TestApp;
  readonly store: ObservedStore;
  readonly unbind: () => void;
  [Symbol.asyncDispose](): Promise<void>;
}

interface HttpSessionOptions {
  readonly options?: WsAuthModuleOptions;
  readonly session?: Partial<session.SessionOptions>;
  readonly before?: readonly WsAuthMiddleware[];
}

/** An application with a login by HTTP session, whose gateway accepts the cookie. */
async function startHttpSessions(given: HttpSessionOptions = {}): Promise<HttpSessionApp> {
  deserialize = byId;
  const store = new ObservedStore();
  const withSession = session({
    secret: 'keyboard cat',
    resave: true,
    saveUninitialized: true,
    rolling: true,
    store,
    ...given.session,
  });
  const withUser = passport.session();
  const app = await startApp(
    {
      imports: [
        WsAuthModule.forRoot({
          strategy: 'session',
          credentials: [fromRequest()],
          middleware: [withSession, withUser, ...(given.before ?? [])] as WsAuthMiddleware[],
          heartbeatIntervalMs: 0,
          ...given.options,
        }),
      ],
      controllers: [LoginController],
      providers: [Serializer, EchoGateway],
    },
    (nest) => nest.use(withSession, withUser),
  );
  const unbind = app.nest.get(WsAuthSessions).bindToHttpSession(store);
  return { app, store, unbind, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
}

/** Logs in over HTTP, and returns the cookie. */
async function login(app: TestApp, user: object): Promise<string> {
  const answer = await ask(`${app.origin}/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(user),
  });
  return answer.headers['set-cookie']![0]!.split(';')[0]!;
}

function post(app: TestApp, path: string, cookie: string) {
  return ask(`${app.origin}/${path}`, { method: 'POST', headers: { cookie } });
}

function withCookie(app: TestApp, cookie: string): ConnectOptions {
  return { origin: app.origin, headers: { cookie } };
}

function connect(app: TestApp, cookie: string) {
  return app.connect('/', withCookie(app, cookie));
}

function throwing(): never {
  throw new Error('database');
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the cookie of an HTTP session', () => {
  it('authenticates a connection', async () => {
    await using site = await startHttpSessions();
    const cookie = await login(site.app, { id: 'alice' });
    const client = await connect(site.app, cookie).opened();
    expect(await client.ask('whoami')).toEqual({ user: 'alice', via: 'fromRequest' });
    expect(sessionOfUser(site.app, 'alice').strategy).toBe('session');
  });

  it('is refused with 401 when it has no login', async () => {
    await using site = await startHttpSessions();
    const answer = await ask(`${site.app.origin}/nowhere`);
    const cookie = answer.headers['set-cookie']![0]!.split(';')[0]!;
    expect(await fateOf(connect(site.app, cookie))).toBe('refused 401');
  });

  it('is not shown to the application', async () => {
    await using site = await startHttpSessions();
    const cookie = await login(site.app, { id: 'alice' });
    await connect(site.app, cookie).opened();
    const { request } = site.app.nest.get(EchoGateway).connected[0]!;
    const value = cookie.split('=')[1]!;
    expect(JSON.stringify([request.headers, request.rawHeaders])).not.toContain(value);
  });
});

describe('an upgrade with an HTTP session (CK-12)', () => {
  it('that is refused writes nothing to the store, and sets no cookie', async () => {
    await using site = await startHttpSessions();
    site.store.writes.length = 0;
    const { status, headers } = await connect(site.app, 'connect.sid=s%3Anobody.AAAA').refusal();
    await settle();
    expect(status).toBe(401);
    expect(headers).not.toHaveProperty('set-cookie');
    expect(site.store.writes).toEqual([]);
  });
});

describe('the end of an HTTP session (CK-10)', () => {
  it.each(['logout', 'destroy'])('by %s closes its sockets, and no others', async (path) => {
    await using site = await startHttpSessions();
    const [alice, bob] = [
      await login(site.app, { id: 'alice' }),
      await login(site.app, { id: 'bob' }),
    ];
    const clients = [
      await connect(site.app, alice).opened(),
      await connect(site.app, alice).opened(),
      await connect(site.app, bob).opened(),
    ];
    const elsewhere = await connect(site.app, await login(site.app, { id: 'alice' })).opened();
    await post(site.app, path, alice);
    expect(await clients[0]!.closed()).toEqual({ code: 3000, reason: 'revoked' });
    expect(await clients[1]!.closed()).toEqual({ code: 3000, reason: 'revoked' });
    expect(await clients[2]!.ask('echo', 1)).toBe(1);
    expect(await elsewhere.ask('echo', 2)).toBe(2);
    expect(await fateOf(connect(site.app, alice))).toBe('refused 401');
    expect(sessionsOf(site.app).count()).toBe(2);
  });

  it('by a new login, which takes a new session, closes the sockets of the old one', async () => {
    await using site = await startHttpSessions();
    const cookie = await login(site.app, { id: 'alice' });
    const client = await connect(site.app, cookie).opened();
    await ask(`${site.app.origin}/login`, {
      method: 'POST',
      headers: { cookie, 'content-type': 'application/json' },
      body: '{"id":"bob"}',
    });
    expect(await client.closed()).toEqual({ code: 3000, reason: 'revoked' });
  });

  it('by the operator, in the store, closes its sockets', async () => {
    await using site = await startHttpSessions();
    const client = await connect(site.app, await login(site.app, { id: 'alice' })).opened();
    const ids = await new Promise<string[]>((resolve) => {
      site.store.all((_error, all) => resolve(Object.keys(all ?? {})));
    });
    ids.forEach((id) => site.store.destroy(id));
    expect(await client.closed()).toEqual({ code: 3000, reason: 'revoked' });
  });

  it('while a connection is verified leaves no socket behind', async () => {
    await using site = await startHttpSessions();
    const cookie = await login(site.app, { id: 'alice' });
    let finish!: () => void;
    const deserializing = new Promise<void>((resolve) => {
      deserialize = (id, done) => {
        finish = () => done(null, { id });
        resolve();
      };
    });
    const client = connect(site.app, cookie);
    await deserializing;
    deserialize = byId;
    await post(site.app, 'destroy', cookie);
    finish();
    const fate = await Promise.race([
      fateOf(client),
      client.opened().then(() => client.ask('echo', 'in')),
    ]);
    expect(fate).toMatch(/^(refused 401|closed 3000 revoked)$/);
  });

  it('ends nothing any more once it is unbound', async () => {
    await using site = await startHttpSessions();
    const cookie = await login(site.app, { id: 'alice' });
    const client = await connect(site.app, cookie).opened();
    site.unbind();
    await post(site.app, 'destroy', cookie);
    expect(await client.ask('echo', 1)).toBe(1);
    expect(site.store.writes).toContain('destroy');
  });

  it('closes the sockets even if the store cannot destroy it', async () => {
    await using site = await startHttpSessions();
    const client = await connect(site.app, await login(site.app, { id: 'alice' })).opened();
    const failing = {
      destroy: (_id: string, callback?: (error?: unknown) => void) => callback?.(new Error('down')),
    };
    sessionsOf(site.app).bindToHttpSession(failing);
    const ids = Object.keys(
      await new Promise<object>((resolve) => site.store.all((_error, all) => resolve(all ?? {}))),
    );
    const told = vi.fn();
    failing.destroy(ids[0]!, told);
    expect(await client.closed()).toEqual({ code: 3000, reason: 'revoked' });
    expect(told).toHaveBeenCalledWith(expect.any(Error));
  });

  it('CK-10: leaves the promise of a store to the code that has asked it, with what it resolves to or rejects with', async () => {
    await using site = await startHttpSessions();
    const answers = [async () => 1, () => Promise.reject(new Error('down'))];
    const promising = { destroy: (_id: string, ..._callback: unknown[]) => answers.shift()!() };
    const unbind = sessionsOf(site.app).bindToHttpSession(promising);
    await expect(promising.destroy('one')).resolves.toBe(1);
    await expect(promising.destroy('other')).rejects.toThrow('down');
    unbind();
  });
});

describe('revoking the session of a cookie', () => {
  it('refuses the cookie that opened it', async () => {
    await using site = await startHttpSessions();
    const cookie = await login(site.app, { id: 'alice' });
    const client = await connect(site.app, cookie).opened();
    await sessionsOf(site.app).revoke({ sessionId: sessionOfUser(site.app, 'alice').id });
    expect(await client.closed()).toEqual({ code: 3000, reason: 'revoked' });
    const again = connect(site.app, cookie);
    const fate = await Promise.race([
      fateOf(again),
      again.opened().then(() => again.ask('echo', 'in')),
    ]);
    expect(fate).toBe('refused 401');
  });
});

describe('what an HTTP session states of its user (CK-14)', () => {
  it.each([
    ['an empty text, which Passport reports as an error,', '', 'refused 500'],
    ['zero, which Passport reports as an error,', 0, 'refused 500'],
    ['false', false, 'refused 401'],
    ['null', null, 'refused 401'],
    ['a text', 'alice', 'refused 401'],
    ['a list', ['alice'], 'refused 401'],
  ])('%s has no user', async (_name, value, fate) => {
    await using site = await startHttpSessions();
    const cookie = await login(site.app, { id: 'alice' });
    deserialize = (_id, done) => done(null, value);
    expect(await fateOf(connect(site.app, cookie))).toBe(fate);
  });

  it.each([
    ['an empty text', ''],
    ['zero', 0],
  ])('an id that is %s and has no user is refused', async (_name, id) => {
    await using site = await startHttpSessions();
    const cookie = await login(site.app, { id });
    deserialize = (value, done) => done(null, value === id ? false : { id: 'admin' });
    expect(await fateOf(connect(site.app, cookie))).toBe('refused 401');
  });

  it('an object without a key is a user without a key', async () => {
    await using site = await startHttpSessions();
    const cookie = await login(site.app, { id: 'alice' });
    deserialize = (_id, done) => done(null, {});
    await connect(site.app, cookie).opened();
    expect([...sessionsOf(site.app)]).toMatchObject([{ userId: undefined, anonymous: false }]);
  });

  it('the first of two answers counts', async () => {
    await using site = await startHttpSessions();
    const cookie = await login(site.app, { id: 'alice' });
    deserialize = (id, done) => {
      done(null, { id });
      done(null, { id: 'mallory' });
    };
    const client = await connect(site.app, cookie).opened();
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
    expect(serverSide(site.app)).toHaveLength(1);
  });

  it('no answer refuses with 503 when the time is over', async () => {
    useFakeTimers();
    await using site = await startHttpSessions();
    const cookie = await login(site.app, { id: 'alice' });
    const asked = new Promise<void>((resolve) => {
      deserialize = () => resolve();
    });
    const client = connect(site.app, cookie);
    await asked;
    vi.advanceTimersByTime(5_000);
    expect(await fateOf(client)).toBe('refused 503');
  });

  it.each<[string, (done: Done) => void]>([
    ['calls back with', (done) => done(new Error('database'))],
    ['throws', () => throwing()],
  ])('an error that deserializeUser %s refuses with 500', async (_how, fail) => {
    await using site = await startHttpSessions();
    const cookie = await login(site.app, { id: 'alice' });
    deserialize = (_id, done) => fail(done);
    expect(await fateOf(connect(site.app, cookie))).toBe('refused 500');
  });

  it('a store that is down refuses', async () => {
    await using site = await startHttpSessions();
    const cookie = await login(site.app, { id: 'alice' });
    site.store.get = (_id, callback) => callback(new Error('down'));
    expect(await fateOf(connect(site.app, cookie))).toMatch(/^refused 50[03]$/);
  });
});
