import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import express, { type Request } from 'express';
import { Passport } from 'passport';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { addExpressMembers, setSite } from '../../../lib/passport/express-members.js';
import { secretOfParam } from '../../../lib/passport/secret-places.js';
import { Site, type MiddlewareApplication } from '../../../lib/passport/middleware-application.js';
import { parseCookies } from '../../../lib/passport/request-cookies.js';
import { proxyTrust } from '../../../lib/policy/proxy-trust.js';
import { upgradeRequest, type HeaderLines } from '../support/requests.js';

type Members = IncomingMessage & Record<string, unknown> & { get(name?: unknown): unknown };

function withMembers(
  url: string,
  lines: HeaderLines = [],
  trust?: Parameters<typeof proxyTrust>[0],
): Members {
  const request = upgradeRequest(url, lines) as Members;
  addExpressMembers(request);
  setSite(request, trust === undefined ? undefined : new Site(proxyTrust(trust), trust));
  return request;
}

type Trust = Parameters<typeof proxyTrust>[0];

/** The same request as Express would make it. */
function ofExpress(url: string, lines: HeaderLines, trust: Trust): Members {
  const app = express();
  app.set('trust proxy', trust);
  const request = upgradeRequest(url, lines);
  const res = Object.setPrototypeOf(new ServerResponse(request), express.response) as object;
  Object.assign(Object.setPrototypeOf(request, express.request) as object, { app, res });
  return request as Members;
}

function from(address: string, request: Members): Members {
  Object.defineProperty(request.socket, 'remoteAddress', { value: address });
  return request;
}

const questions: Readonly<Record<string, (request: Request) => unknown>> = {
  ip: ({ ip }) => ip,
  ips: ({ ips }) => ips,
  protocol: ({ protocol }) => protocol,
  secure: ({ secure }) => secure,
  host: ({ host }) => host,
  hostname: ({ hostname }) => hostname,
  subdomains: ({ subdomains }) => subdomains,
  path: ({ path }) => path,
  xhr: ({ xhr }) => xhr,
  get: (request) => [request.get('Referrer'), request.get('REFERER'), request.get('x-none')],
  header: (request) => request.header('Host'),
  is: (request) => [request.is('json'), request.is(['text/*', 'json'])],
  accepts: (request) => [request.accepts('html', 'json'), request.accepts()],
  acceptsLanguages: (request) => request.acceptsLanguages('de', 'en'),
  acceptsEncodings: (request) => request.acceptsEncodings('br', 'gzip'),
  acceptsCharsets: (request) => request.acceptsCharsets('utf-8'),
  fresh: ({ fresh }) => fresh,
  stale: ({ stale }) => stale,
  range: (request) => request.range(100),
};

const linesOfRequests: Readonly<Record<string, HeaderLines>> = {
  nothing: [],
  'an address': [['X-Forwarded-For', '203.0.113.9']],
  'two addresses': [['X-Forwarded-For', '203.0.113.9, 198.51.100.7']],
  'IPv6 with a port': [['X-Forwarded-For', '[2001:db8:1::1]:51234']],
  'a protocol': [['X-Forwarded-Proto', 'https']],
  'two protocols': [['X-Forwarded-Proto', ' https , http']],
  'an empty protocol': [['X-Forwarded-Proto', '']],
  'a host': [['X-Forwarded-Host', 'a.b.example.com:81']],
  'two hosts': [['X-Forwarded-Host', '[::1]:81 , b']],
  'an empty host': [['X-Forwarded-Host', '']],
  'an address as host': [['X-Forwarded-Host', '192.0.2.1']],
  referrer: [['Referrer', 'a']],
  referer: [['Referer', 'b']],
  json: [
    ['Content-Type', 'application/json'],
    ['Content-Length', '0'],
  ],
  'what is accepted': [
    ['Accept', 'application/json;q=0.5, text/html'],
    ['Accept-Language', 'en;q=0.8, de'],
    ['Accept-Encoding', 'gzip'],
    ['Accept-Charset', 'iso-8859-1'],
  ],
  xhr: [['X-Requested-With', 'xmlHttpRequest']],
  'a cached copy': [
    ['If-None-Match', '"a"'],
    ['If-Modified-Since', 'Thu, 01 Jan 1970 00:00:00 GMT'],
  ],
  'a malformed range': [['Range', 'bytes']],
};

const trusts: readonly Trust[] = [
  false,
  true,
  0,
  1,
  2,
  'loopback',
  '192.0.2.0/24, 198.51.100.7',
  (address) => address === '192.0.2.1',
];

describe('addExpressMembers', () => {
  describe.each(trusts)('with trustProxy: %s', (trust) => {
    it.each(Object.entries(linesOfRequests))(
      'K5a: answers what Express answers to a request with %s',
      (_what, lines) => {
        for (const address of ['192.0.2.1', '127.0.0.1', '2001:db8::1']) {
          const request = from(address, withMembers('/ws?a=1', lines, trust));
          const expected = from(address, ofExpress('/ws?a=1', lines, trust));
          for (const [name, ask] of Object.entries(questions)) {
            expect(ask(request as never), name).toEqual(ask(expected as never));
          }
        }
      },
    );
  });

  it('K5a: knows an encrypted connection', () => {
    const request = withMembers('/');
    Object.assign(request.socket, { encrypted: true });
    expect(request).toMatchObject({ protocol: 'https', secure: true, baseUrl: '' });
  });

  it.each(['unknown', 'garbage', '_hidden', '999.1.1.1', ''])(
    'K5a, K4c: answers no address for X-Forwarded-For: %j, which would be equal for several clients',
    (address) => {
      const request = withMembers('/', [['X-Forwarded-For', address]], true);
      expect(request['ip']).toBeUndefined();
      expect(request['ips']).toEqual([]);
    },
  );

  it('K5a: believes no proxy if no option names the trusted ones', () => {
    const request = withMembers('/', [
      ['X-Forwarded-For', '198.51.100.7'],
      ['X-Forwarded-Proto', 'https'],
      ['X-Forwarded-Host', 'evil.example'],
    ]);
    expect(request).toMatchObject({ protocol: 'http', secure: false, hostname: 'gateway.example' });
    expect(request['ips']).toEqual([]);
  });

  it.each([
    ['/ws', '/ws'],
    ['/ws?a=/b', '/ws'],
    ['http://gateway.example/ws?a', '/ws'],
    ['http://gateway.example', '/'],
    ['http://gateway.example?a', '/'],
  ])('K5a: answers the path of %s', (url, path) => {
    expect(withMembers(url)['path']).toBe(path);
  });

  it('K5a: has no host without the header field, as a message over HTTP/1.0', () => {
    const request = new IncomingMessage(new Socket()) as Members;
    addExpressMembers(request);
    expect(request['host']).toBeUndefined();
    expect(request['hostname']).toBeUndefined();
    expect(request['subdomains']).toEqual([]);
  });

  it.each([undefined, '', 7])('K5a: get(%j) throws a TypeError, as in Express', (name) => {
    expect(() => withMembers('/').get(name)).toThrow(TypeError);
  });

  it('K5a: keeps what an earlier listener has put on the request', () => {
    const request = Object.assign(upgradeRequest('/ws'), { ip: 'mine', get: () => 'own' });
    addExpressMembers(request);
    expect(request.ip).toBe('mine');
    expect(request.get()).toBe('own');
  });

  it('K5a: lets middleware assign to a member, for this request alone', () => {
    const changed = withMembers('/ws');
    Object.assign(changed, { ip: '192.0.2.9', cookies: { a: '1' } });
    expect(changed).toMatchObject({ ip: '192.0.2.9', cookies: { a: '1' } });
    expect(withMembers('/ws')['cookies']).toEqual({});
  });

  it('K5a: parses what depends on the request once', () => {
    const request = withMembers('/ws', [['Cookie', 'a=1']]);
    expect(request['cookies']).toBe(request['cookies']);
    expect(request['params']).toBe(request['params']);
  });
});

describe('parseCookies', () => {
  it.each([
    [undefined, {}],
    ['', {}],
    ['a=1; b=2', { a: '1', b: '2' }],
    ['a=1; a=2', { a: '1' }],
    ['a="quoted"', { a: 'quoted' }],
    ['a=%C3%A9', { a: 'é' }],
    ['a=%ff', { a: '%ff' }],
    ['a=j:{"b":1}', { a: 'j:{"b":1}' }],
    ['__proto__=x', { ['__proto__']: 'x' }],
  ])('K5a: parses %j as cookie-parser does', (header, cookies) => {
    const parsed = parseCookies(header);
    expect(Object.entries(parsed)).toEqual(Object.entries(cookies));
    expect(parsed['toString']).toBeUndefined();
  });
});

const ofPassport: Readonly<Record<string, (request: PassportRequest) => unknown>> = {
  nothing: () => undefined,
  'logIn()': (request) => request.logIn({ id: 'alice' }, done),
  'login() with options': (request) => request.login({ id: 'alice' }, { session: false }, done),
  'logIn() without a callback': (request) => request.logIn({ id: 'alice' }),
  'logOut()': (request) => request.logOut(done),
  'logout() after logIn()': (request) => {
    request.logIn({ id: 'alice' });
    request.logout({ keepSessionInfo: true }, done);
  },
  'a user under another name': (request) => {
    Object.assign(request, { _userProperty: 'account' });
    request.logIn({ id: 'alice' });
  },
};

interface PassportRequest {
  logIn(user: object, ...rest: unknown[]): void;
  login(user: object, ...rest: unknown[]): void;
  logOut(...rest: unknown[]): void;
  logout(...rest: unknown[]): void;
  isAuthenticated(): boolean;
  isUnauthenticated(): boolean;
}

let done: ReturnType<typeof vi.fn>;

it.each(Object.entries(ofPassport))(
  'K5a: answers what Passport answers without an HTTP session, after %s',
  async (_what, act) => {
    const seenOf = (request: PassportRequest) => {
      done = vi.fn();
      act(request);
      const { user, account } = request as { user?: unknown; account?: unknown };
      const calls = done.mock.calls.length;
      return [user, account, calls, request.isAuthenticated(), request.isUnauthenticated()];
    };
    const expected = upgradeRequest('/ws') as unknown as PassportRequest;
    await new Promise((next) => {
      const strategy = { authenticate: () => next(undefined) };
      new Passport().use('any', strategy as never).authenticate('any')(
        expected,
        {},
        () => undefined,
      );
    });
    Object.assign(expected, { _sessionManager: undefined });
    expect(seenOf(withMembers('/ws') as never)).toEqual(seenOf(expected));
  },
);

it('K5a: gives a request the settings, locals and methods of the application of Express', () => {
  const application = express().set('tenant', 'acme').set('trust proxy', 1);
  Object.assign(application.locals, { database: 'main' });
  const request = upgradeRequest('/ws') as Members;
  addExpressMembers(request);
  const site = new Site(proxyTrust('loopback'), 'loopback', () => application);
  setSite(request, site);
  const app = request['app'] as typeof application;
  expect(app.get('tenant')).toBe('acme');
  expect(app.enabled('x-powered-by')).toBe(application.enabled('x-powered-by'));
  expect(app.locals).toBe(application.locals);
  expect(app.path()).toBe(application.path());
  // The proxies of the members are those of the module.
  expect(app.get('trust proxy')).toBe('loopback');
  expect((app.get('trust proxy fn') as (address: string) => boolean)('127.0.0.1')).toBe(true);
  application.set('subdomain offset', 1);
  expect(request['subdomains']).toEqual(['gateway']);
  application.set('tenant', 'later');
  expect(app.get('tenant')).toBe('later');
  app.set('tenant', 'mine');
  expect(application.get('tenant')).toBe('later');
  // All requests of a server have the same one.
  expect(site.application).toBe(app);
});

it.each<[string, unknown]>([
  ['none', undefined],
  ['that of Fastify', { get: () => 'route', settings: {}, locals: {} }],
  ['a function', () => undefined],
])('K5a: makes an application where %s answers over HTTP', (_what, other) => {
  const app = new Site(
    () => true,
    true,
    () => other,
  ).application as MiddlewareApplication;
  expect(app.get('trust proxy')).toBe(true);
  expect(app.enabled('trust proxy')).toBe(true);
  expect(app.disabled('etag')).toBe(true);
  expect(app.enable('etag').enabled('etag')).toBe(true);
  expect(app.disable('etag').disabled('etag')).toBe(true);
  expect(app.set('a', 1).get('a')).toBe(1);
  expect(app.locals).toEqual({});
});

it.each(['production', ''])('K5a: an application answers for the setting "env": %j', (env) => {
  vi.stubEnv('NODE_ENV', env);
  onTestFinished(() => void vi.unstubAllEnvs());
  expect((new Site(() => false).application as MiddlewareApplication).get('env')).toBe(
    express().get('env'),
  );
});

it('K5a: names the path of the gateway as the route, and computes it once', () => {
  const request = withMembers('/ws?a=1');
  expect(request['route']).toMatchObject({ path: '/ws', methods: { get: true } });
  expect(request['route']).toBe(request['route']);
});

it('K5a: gives a request without middleware one application and one response', () => {
  const request = withMembers('/ws');
  const { app, res } = request as unknown as {
    app: { get(name: string): unknown };
    res: { headersSent: boolean };
  };
  expect(app.get('env')).toBe(express().get('env'));
  expect(res.headersSent).toBe(false);
  expect(request['app']).toBe(app);
  expect(request['res']).toBe(res);
});

it('K5a: has a next() that decides nothing', () => {
  const request = withMembers('/ws') as unknown as { next(error?: Error): unknown };
  expect(request.next()).toBeUndefined();
  expect(request.next(new Error('of a strategy'))).toBeUndefined();
});

const parse = (query: string | null) => ({ parsed: query });
const siteWith = (settings: object) =>
  new Site(
    () => false,
    false,
    () => Object.assign(() => undefined, { settings, locals: {} }),
  );

describe('Site.parseQuery()', () => {
  it.each<[string, object, string, object]>([
    ['no setting', {}, '/ws?a=1', { a: '1' }],
    ['the simple parser', { 'query parser': 'simple', 'query parser fn': parse }, '/?a', { a: '' }],
    ['true', { 'query parser': true, 'query parser fn': parse }, '/?a', { a: '' }],
    ['false', { 'query parser': false, 'query parser fn': undefined }, '/?a=1', {}],
    ['another', { 'query parser': 'x', 'query parser fn': parse }, '/?a=1', { parsed: 'a=1' }],
    [
      'another, without a query',
      { 'query parser': 'x', 'query parser fn': parse },
      '/',
      { parsed: null },
    ],
    [
      'another, an empty query',
      { 'query parser': 'x', 'query parser fn': parse },
      '/?',
      { parsed: '' },
    ],
  ])('K5a: parses as Express does, with %s', (_what, settings, url, query) => {
    expect({ ...siteWith(settings).parseQuery(url) }).toEqual(query);
  });
});

describe('secretOfParam()', () => {
  const places = {
    headers: new Set<string>(),
    passwordField: '',
    queryParams: new Set(['auth', 'app[key]']),
  };

  it.each<[string, unknown, string | undefined]>([
    ['auth', 'x', 'x'],
    ['auth', ['x', 'y'], 'x,y'],
    ['auth[key]', 'x', 'x'],
    ['auth', { key: 'x' }, 'x\nkey'],
    ['auth', [{ key: 'x' }], 'x\nkey'],
    ['app', { key: 'x' }, 'x\nkey'],
    ['app[key]', 'x', 'x'],
    ['other', { key: 'x' }, undefined],
    ['other[auth]', 'x', undefined],
    ['[auth]', 'x', undefined],
  ])('K1b: the secret of the parameter %s with %j is %j', (name, value, secret) => {
    expect(secretOfParam(name, value, places)).toBe(secret);
  });
});
