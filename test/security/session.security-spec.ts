import { once } from 'node:events';
import type { INestApplication } from '@nestjs/common';
import { ConnectedSocket, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import session from 'express-session';
import passport from 'passport';
import { expect } from 'vitest';
import type { WebSocket } from 'ws';
import {
  fromCookie,
  fromRequest,
  userOf,
  WsSession,
  WsUser,
  type WsAuthMiddleware,
  type WsAuthModuleOptions,
  type WsAuthSession,
} from '../../lib/index.js';
import { ask } from '../support/http.js';
import {
  fieldOf,
  type Lab,
  securityCase,
  securityCases,
  securityTable,
  until,
  WitnessGateway,
} from '../support/invariants.js';
import { customStrategy, type TestUser } from '../support/strategies.js';
import { turns } from '../support/turns.js';

@WebSocketGateway()
class BusyGateway extends WitnessGateway {
  @SubscribeMessage('throws')
  throws(): never {
    throw new Error('connection string of the database');
  }

  @SubscribeMessage('rejects')
  rejects(): Promise<never> {
    return Promise.reject(new Error('connection string of the database'));
  }

  @SubscribeMessage('mutates')
  mutates(@ConnectedSocket() client: WebSocket & { user?: unknown; session?: unknown }) {
    client.user = { id: 'mallory' };
    client.session = { user: { id: 'mallory' } };
    return { event: 'mutated' };
  }

  @SubscribeMessage('who')
  who(
    @ConnectedSocket() client: WebSocket,
    @WsUser('id') id: string,
    @WsSession() current: WsAuthSession<TestUser>,
  ) {
    return { event: 'who', data: [id, current.user.id, userOf<TestUser>(client).id] };
  }

  @SubscribeMessage('rewrites')
  rewrites(@WsSession() current: WsAuthSession<TestUser>) {
    try {
      Object.assign(current, { user: { id: 'mallory' } });
      return { event: 'rewritten' };
    } catch {
      return { event: 'frozen' };
    }
  }

  @SubscribeMessage('flood')
  flood(@ConnectedSocket() client: WebSocket) {
    for (let index = 0; index < 64; index += 1) {
      client.send(Buffer.alloc(1_048_576));
    }
  }
}

/** A session on the busy gateway. */
async function alice(lab: Lab, auth: WsAuthModuleOptions = {}) {
  await lab.start({ gateways: [BusyGateway], auth });
  const peer = await lab.knock({ fields: lab.bearer() }).opened();
  await peer.emit('whoami').nextEvent();
  return peer;
}

securityCases(
  ['throws', 'rejects'],
  (event) => `MS-01: a handler that ${event} says nothing of it, and the session stays`,
  async (lab, event) => {
    const peer = await alice(lab);
    const answer = await peer.emit(event).nextEvent();
    expect(answer.event).toBe('exception');
    expect(JSON.stringify(answer)).not.toContain('database');
    expect((await peer.emit('whoami').nextEvent()).data).toMatchObject({ user: 'alice' });
    expect(lab.sessions.count()).toBe(1);
  },
);

securityCase('MS-02: nothing that a handler writes on the client changes its user', async (lab) => {
  const peer = await alice(lab);
  expect((await peer.emit('mutates').nextEvent()).event).toBe('mutated');
  expect((await peer.emit('who').nextEvent()).data).toEqual(['alice', 'alice', 'alice']);
  expect((await peer.emit('rewrites').nextEvent()).event).toBe('frozen');
  expect((await peer.emit('who').nextEvent()).data).toEqual(['alice', 'alice', 'alice']);
});

securityCase('MS-04: terminates a reader that falls behind maxBufferedBytes', async (lab) => {
  const peer = lab.expectNoAnswer(await alice(lab, { maxBufferedBytes: 8_388_608 }));
  peer.socket.pause();
  peer.emit('flood');
  await until(() => lab.sessions.count() === 0, 'the slow reader stays');
  expect(lab.gateway.violations).toEqual([]);
  await peer[Symbol.asyncDispose]();
  peer.received = Buffer.alloc(0);
});

securityCase(
  'MS-04: ends the session of a slow reader that is revoked, although it reads no close frame',
  async (lab) => {
    const peer = lab.expectNoAnswer(
      await alice(lab, { maxBufferedBytes: Number.POSITIVE_INFINITY }),
    );
    peer.socket.pause();
    peer.emit('flood');
    await until(() => lab.gateway.connected[0]!.bufferedAmount > 0, 'nothing is buffered');
    const closed = once(lab.gateway.connected[0]!, 'close');
    await lab.sessions.revoke({ userId: 'alice' });
    await turns(20);
    expect(lab.sessions.count()).toBe(0);
    await lab.advance(5_000);
    await closed;
    await peer[Symbol.asyncDispose]();
    peer.received = Buffer.alloc(0);
  },
);

const byCookie = { credentials: [fromCookie('s')] };

// One cookie of each kind: the grammar is in `test/unit/credentials/cookies.spec.ts`.
securityTable(
  'CK-01, CK-02: refuses a cookie that is malformed, or not the only one of its name',
  [
    ['CK-01: does not decode', () => 's=%E0%A4%A', 400],
    ['CK-01: without a value', () => 's=', 401],
    ['CK-01: without a name', () => '=v; ;;', 401],
    ['CK-02: good first', (good: string) => `s=${good}; s=evil`, 400],
    ['CK-02: good last', (good: string) => `s=evil; s=${good}`, 400],
    ['CK-02: one of them empty', (good: string) => `s=; s=${good}`, 400],
    ['CK-02: in two lines', (good: string) => [`s=${good}`, 's=evil'], 400],
  ] as const,
  { auth: byCookie },
  async (lab, [, cookie, status]) => {
    const fields = { cookie: cookie(lab.token()), origin: lab.app.origin };
    expect(await lab.status({ fields })).toBe(status);
    expect(lab.count('authenticated')).toBe(0);
  },
);

securityCase('CK-02: is not confused by cookies whose names resemble', async (lab) => {
  await lab.start({ auth: byCookie });
  const cookie = `ss=evil; S=evil; xs=evil; s=${lab.token()}; s2=evil; as=s=evil`;
  expect(await lab.status({ fields: { cookie, origin: lab.app.origin } })).toBe(101);
});

securityCase('CK-04: a cookie named __proto__ is a cookie like others', async (lab) => {
  await lab.start({ auth: { credentials: [fromCookie('__proto__')] } });
  const others = 'constructor=y; hasOwnProperty=z; toString=w';
  expect(await lab.status(withCookie(lab, others))).toBe(401);
  expect(await lab.status(withCookie(lab, `${others}; __proto__=${lab.token()}`))).toBe(101);
  expect(Object.keys(Object.prototype)).toEqual([]);
});

/** What the HTTP sessions of a case are made with. */
interface HttpSessions {
  readonly store?: session.Store;
  readonly passport: InstanceType<typeof passport.Passport>;
  readonly sessions: ReturnType<typeof session>;
}

function httpSessions(options: Partial<session.SessionOptions> = {}): HttpSessions {
  const authenticator = new passport.Passport();
  authenticator.serializeUser((user, done) => done(null, (user as TestUser).id));
  authenticator.deserializeUser((id: string, done) => done(null, { id }));
  const store = options.store ?? new session.MemoryStore();
  const sessions = session({
    name: 'sid',
    secret: 'a secret of the test',
    resave: false,
    saveUninitialized: false,
    rolling: true,
    ...options,
    store,
  });
  return { store, passport: authenticator, sessions };
}

/** Starts an application with a login over HTTP, and a gateway that reads the same session. */
async function startWithSessions(lab: Lab, http: HttpSessions, auth: WsAuthModuleOptions = {}) {
  const middleware = [http.sessions, http.passport.session()] as unknown as WsAuthMiddleware[];
  await lab.start({
    auth: { strategy: 'pass', credentials: [fromRequest()], middleware, ...auth },
    providers: [customStrategy('pass', (request) => (request as { user?: object }).user ?? false)],
    prepare: (nest: INestApplication) => {
      nest.use(http.sessions, http.passport.initialize());
      nest.use('/login', (request: Login, response: Answer) => {
        request.login({ id: 'alice' }, () => response.end());
      });
    },
  });
}

interface Login {
  login(user: object, callback: () => void): void;
}

interface Answer {
  end(): void;
}

/** Visits a route, and returns the cookie of the session. */
async function cookieOf(lab: Lab, route: string) {
  const { headers: answer } = await ask(`${lab.app.origin}${route}`);
  const cookie = answer['set-cookie']?.[0]?.split(';', 1)[0];
  return cookie ? lab.secret(cookie) : '';
}

const withCookie = (lab: Lab, cookie: string) => ({ fields: { cookie, origin: lab.app.origin } });

securityCase(
  'CK-06: refuses a signed cookie that was tampered with, in every way, with 401',
  async (lab) => {
    await startWithSessions(lab, httpSessions());
    const cookie = await cookieOf(lab, '/login');
    const other = await cookieOf(lab, '/login');
    const [value, signature] = cookie.split('.') as [string, string];
    const tampered = [
      `${value}.AAAA${signature.slice(4)}`,
      `${value}.${other.split('.')[1]}`,
      value,
      `sid=${value.slice('sid=s%3A'.length)}`,
      'sid=s%3A',
      'sid=s%3A.',
      'sid=j%3A%7B%7D',
    ];
    for (const each of tampered) {
      expect(await lab.status(withCookie(lab, each)), each).toBe(401);
    }
    expect(await lab.status(withCookie(lab, cookie))).toBe(101);
  },
);

securityCase(
  'CK-06: an empty list of secrets is refused when the session middleware is made',
  async () => {
    expect(() => httpSessions({ secret: [] })).toThrow('secret');
  },
);

securityTable(
  'CK-07: refuses a good cookie from another origin with 403',
  ['https://evil.example', 'null', undefined],
  { auth: byCookie },
  async (lab, origin) => {
    const cookie = `s=${lab.token()}`;
    expect(await lab.status({ fields: { cookie, origin } })).toBe(403);
    expect(await lab.status(withCookie(lab, cookie))).toBe(101);
  },
);

securityTable(
  'CK-08: refuses a good cookie from a same-site sibling with 403',
  ['http://other.example.com', 'http://app.example.com:8080', 'https://app.example.com'],
  { auth: byCookie },
  async (lab, origin) => {
    const fields = { host: 'app.example.com', cookie: `s=${lab.token()}` };
    expect(await lab.status({ fields: { ...fields, origin } })).toBe(403);
    expect(await lab.status({ fields: { ...fields, origin: 'http://app.example.com' } })).toBe(101);
  },
);

securityCases(
  [
    ['writes a cookie', (response: Fake) => response.setHeader('Set-Cookie', 'x=1')],
    ['writes a head', (response: Fake) => response.writeHead(200, { 'Set-Cookie': 'x=1' })],
    ['writes a body', (response: Fake) => response.write('body')],
  ] as const,
  ([what]) => `CK-12: middleware that ${what} changes nothing of the 101`,
  async (lab, [, act]) => {
    const middleware: WsAuthMiddleware = (_request: never, response: never, next) => {
      act(response);
      next();
    };
    await lab.start({ auth: { middleware: [middleware] } });
    const answer = await lab.answer({ fields: lab.bearer() });
    expect(answer.status).toBe(101);
    expect(answer.fields.map(([name]) => name)).toEqual([
      'upgrade',
      'connection',
      'sec-websocket-accept',
    ]);
  },
);

interface Fake {
  setHeader(name: string, value: string): unknown;
  writeHead(status: number, headers: object): unknown;
  write(chunk: string): unknown;
  end(chunk?: string): unknown;
}

/** Middleware that answers the request itself. */
const askForLogin: WsAuthMiddleware = (_request: never, response: never) => {
  (response as Fake).writeHead(302, { Location: 'https://evil.example' });
  (response as Fake).end('please log in');
};

securityCase(
  'CK-12: middleware that ends the response refuses with 401, and its text goes nowhere',
  async (lab) => {
    await lab.start({ auth: { middleware: [askForLogin] } });
    const answer = await lab.answer({ fields: lab.bearer() });
    expect(answer).toMatchObject({ status: 401, body: 'credential rejected\n' });
    expect(fieldOf(answer.fields, 'location')).toBeUndefined();
  },
);

/** A store that counts what would keep a session alive. */
class CountingStore extends session.MemoryStore {
  writes = 0;

  override set(...args: Parameters<session.MemoryStore['set']>): void {
    this.writes += 1;
    super.set(...args);
  }

  override touch(...args: Parameters<session.MemoryStore['touch']>): void {
    this.writes += 1;
    super.touch(...args);
  }
}

securityCase(
  'CK-13: an upgrade and its messages touch, save and prolong no HTTP session',
  async (lab) => {
    const store = new CountingStore();
    await startWithSessions(lab, httpSessions({ store }), { maxSessionAgeMs: 60_000 });
    const cookie = await cookieOf(lab, '/login');
    const written = store.writes;
    const peer = lab.knock(withCookie(lab, cookie));
    const answer = await peer.response();
    expect(answer.status).toBe(101);
    expect(fieldOf(answer.fields, 'set-cookie')).toBeUndefined();
    for (let index = 0; index < 10; index += 1) {
      await peer.emit('echo', index).nextEvent();
    }
    expect(store.writes).toBe(written);
    await lab.advance(29_999);
    peer.emit('echo', 'still here');
    expect(await peer.nextEvent()).toMatchObject({ event: 'echo' });
  },
);

securityCase('CK-13: the absolute limit ends a socket that is never idle', async (lab) => {
  await startWithSessions(lab, httpSessions(), { maxSessionAgeMs: 10_000, expiryWarningMs: 0 });
  const cookie = await cookieOf(lab, '/login');
  const peer = await lab.knock(withCookie(lab, cookie)).opened();
  for (let second = 0; second < 10; second += 1) {
    await peer.emit('echo', second).nextEvent();
    await lab.advance(1_000);
  }
  expect(await peer.closed()).toEqual({ code: 3000, reason: 'token expired' });
});

securityCase(
  'CK-16: without a double check, the origin decides: a forged page gets 403, whatever it adds',
  async (lab) => {
    await startWithSessions(lab, httpSessions());
    const cookie = await cookieOf(lab, '/login');
    for (const extra of [{}, { 'x-csrf-token': 'a' }, { 'x-xsrf-token': 'b' }]) {
      const fields = { cookie, origin: 'https://evil.example', ...extra };
      expect(await lab.status({ target: '/?_csrf=a', fields })).toBe(403);
    }
    expect(await lab.status(withCookie(lab, cookie))).toBe(101);
  },
);
