import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import {
  fromCookie,
  WsAuthConfigurationError,
  WsAuthModule,
  type CookieBridgeOptions,
  type WsAuthModuleOptions,
} from '../../lib/index.js';
import { bootError, freePort, startApp, type StartOptions, type TestApp } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { ask, type HttpAnswer } from '../support/http.js';
import { bearerOf, customStrategy, JwtStrategy } from '../support/strategies.js';
import { tokenOf } from '../support/tokens.js';

const parent = 'https://app.example.com';
const otherParent = 'https://admin.example.com:8443';
const bridgePath = '/chat/bridge';

interface BridgeSettings extends WsAuthModuleOptions {
  readonly cookie?: string;
  readonly bridge?: Partial<CookieBridgeOptions>;
  readonly port?: number;
  readonly path?: string;
}

function metadataOf({ cookie, bridge, port, path, ...options }: BridgeSettings) {
  @WebSocketGateway(port ?? 0, { path: path ?? '/chat' })
  class ChatGateway extends EchoGateway {}
  const extractor = fromCookie(cookie ?? 'token', {
    bridge: { path: bridgePath, parentOrigins: [parent, otherParent], ...bridge },
  });
  return {
    imports: [
      WsAuthModule.forRoot({
        strategy: 'jwt',
        credentials: [extractor],
        allowedOrigins: [parent],
        ...options,
      }),
    ],
    providers: [JwtStrategy, ChatGateway],
  };
}

function startBridge(settings: BridgeSettings = {}, options: StartOptions = {}): Promise<TestApp> {
  return startApp(metadataOf(settings), undefined, options);
}

function post(base: string, body: string, headers: Record<string, string> = { origin: parent }) {
  return ask(`${base}${bridgePath}`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain', ...headers },
    body,
  });
}

function cookieOf({ headers }: HttpAnswer): string {
  const [cookie, ...others] = headers['set-cookie'] ?? [];
  expect(others).toEqual([]);
  return cookie!;
}

const servers: [string, () => Promise<{ app: TestApp; base: string }>][] = [
  [
    'Express',
    async () => {
      const app = await startBridge({}, { httpAdapter: new ExpressAdapter() });
      return { app, base: app.origin };
    },
  ],
  [
    'Fastify',
    async () => {
      const app = await startBridge({}, { httpAdapter: new FastifyAdapter() });
      return { app, base: app.origin };
    },
  ],
  [
    'a port of its own',
    async () => {
      const port = await freePort();
      const app = await startBridge({ port });
      return { app, base: `http://127.0.0.1:${port}` };
    },
  ],
];

describe.each(servers)('the bridge on %s', (_server, startServer) => {
  it('serves a page that runs one script by its hash, in frames of the parents only', async () => {
    const { app: served, base } = await startServer();
    await using _app = served;
    const page = await ask(`${base}${bridgePath}?cache=1`);
    expect(page.status).toBe(200);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.headers['cache-control']).toBe('no-store');
    expect(page.headers['x-frame-options']).toBeUndefined();
    const policy = page.headers['content-security-policy'] as string;
    expect(policy.split('; ')).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "connect-src 'self'",
        `frame-ancestors ${parent} ${otherParent}`,
      ]),
    );
    const scripts = [...page.body.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(
      ([, text]) => text,
    );
    expect(scripts).toHaveLength(1);
    const hash = createHash('sha256').update(scripts[0]!).digest('base64');
    expect(policy).toContain(`script-src 'sha256-${hash}'`);
    expect(policy).not.toContain('unsafe');
    expect(page.body).not.toMatch(/<[^>]+\son\w+=/i);
    expect(page.body).not.toContain("'*'");
  });

  it('takes a token from a parent, and the gateway takes the cookie', async () => {
    const { app: served, base } = await startServer();
    await using app = served;
    const answer = await post(base, tokenOf('alice'));
    expect(answer).toMatchObject({ status: 204, body: '' });
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': parent,
      'access-control-allow-credentials': 'true',
      'cache-control': 'no-store',
      vary: 'Origin',
    });
    const cookie = cookieOf(answer).split(';', 1)[0]!;
    const url = `${base.replace('http', 'ws')}/chat`;
    const client = await app.connectTo(url, { headers: { cookie, origin: parent } }).opened();
    expect(await client.ask('whoami')).toEqual({ user: 'alice', via: 'fromCookie' });
    for (const origin of [otherParent, 'https://evil.example', 'null', base]) {
      const refusal = await app.connectTo(url, { headers: { cookie, origin } }).refusal();
      expect(refusal).toMatchObject({ status: 403, body: 'origin refused\n' });
    }
    const refusal = await app.connectTo(url, { headers: { cookie } }).refusal();
    expect(refusal.status).toBe(403);
  });

  it('takes a token from its own page, without CORS headers', async () => {
    const { app: served, base } = await startServer();
    await using _app = served;
    const answer = await post(base, tokenOf('alice'), { origin: base });
    expect(answer.status).toBe(204);
    expect(cookieOf(answer)).toContain('token=');
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  it.each([
    ['another origin', { origin: 'https://evil.example' }],
    ['an origin that starts like a parent', { origin: `${parent}.evil.example` }],
    ['a parent over cleartext', { origin: parent.replace('https', 'http') }],
    ['a parent on another port', { origin: `${parent}:444` }],
    ['an opaque origin', { origin: 'null' }],
    ['two origins', { origin: `${parent}, https://evil.example` }],
    ['an empty origin', { origin: '' }],
    ['no origin', {}],
    ['no origin but a referrer', { referer: `${parent}/` }],
  ])('refuses %s with 403 and sets nothing', async (_what, headers) => {
    const { app: served, base } = await startServer();
    await using _app = served;
    const answer = await post(base, tokenOf('alice'), headers);
    expect(answer.status).toBe(403);
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('answers the preflight of a parent origin, and of no other', async () => {
    const { app: served, base } = await startServer();
    await using _app = served;
    const preflight = (origin: string) =>
      ask(`${base}${bridgePath}`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
    expect(await preflight(otherParent)).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': otherParent,
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'POST',
      },
    });
    const refused = await preflight('https://evil.example');
    expect(refused.status).toBe(403);
    expect(refused.headers['access-control-allow-origin']).toBeUndefined();
  });

  it.each(['PUT', 'DELETE', 'PATCH'])('answers %s with 405', async (method) => {
    const { app: served, base } = await startServer();
    await using _app = served;
    const answer = await ask(`${base}${bridgePath}`, { method, headers: { origin: parent } });
    expect(answer).toMatchObject({ status: 405, headers: { allow: 'GET, POST, OPTIONS' } });
  });

  it.each([
    ['too large', 'x'.repeat(8_193), 413],
    ['much too large', 'x'.repeat(1_000_000), 413],
    ['empty', '', 400],
    ['two lines', 'a\r\nSet-Cookie: b=c', 400],
    ['a cookie attribute', 'a; Domain=example.com', 400],
    ['not a token', 'a b', 400],
    ['not ASCII', 'tökén', 400],
  ])('refuses a body that is %s', async (_what, body, status) => {
    const { app: served, base } = await startServer();
    await using _app = served;
    const answer = await post(base, body);
    expect(answer.status).toBe(status);
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(answer.body).not.toContain(body.slice(0, 10) || ' ');
  });

  it.each(['application/json', 'application/x-www-form-urlencoded'])(
    'answers a body of type %s, which a parser may have read before',
    async (type) => {
      const { app: served, base } = await startServer();
      await using _app = served;
      const answer = await post(base, '{"token":"x"}', { origin: parent, 'content-type': type });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
    },
  );

  it('survives a client that leaves in the middle of its body', async () => {
    const { app: served, base } = await startServer();
    await using _app = served;
    await abandon(base);
    expect((await post(base, tokenOf('alice'))).status).toBe(204);
  });

  it('is on its path only', async () => {
    const { app: served, base } = await startServer();
    await using _app = served;
    for (const path of ['/', '/chat', `${bridgePath}/`, `${bridgePath}x`, '/CHAT/bridge']) {
      const answer = await ask(`${base}${path}`);
      expect([404, 426]).toContain(answer.status);
    }
  });
});

/** What the bridge sets, part by part. */
async function attributesOf(settings: BridgeSettings, headers: Record<string, string> = {}) {
  await using app = await startBridge(settings);
  const answer = await post(app.origin, 'TOKEN', { origin: parent, ...headers });
  const [pair, ...attributes] = cookieOf(answer).split('; ');
  return { pair, attributes: attributes.toSorted((a, b) => a.localeCompare(b)) };
}

describe('the cookie', () => {
  it('is HttpOnly, of this site, of the path of the gateway, and lives shortly', async () => {
    expect(await attributesOf({})).toEqual({
      pair: 'token=TOKEN',
      attributes: ['HttpOnly', 'Max-Age=60', 'Path=/chat', 'SameSite=Strict'],
    });
  });

  it('lives as long as the application sets, in whole seconds', async () => {
    const { attributes } = await attributesOf({ bridge: { maxAgeMs: 5_999 } });
    expect(attributes).toContain('Max-Age=5');
  });

  it('is Secure behind a trusted proxy that speaks https', async () => {
    const headers = { 'x-forwarded-proto': 'https' };
    const trusted = await attributesOf({ trustProxy: 'loopback' }, headers);
    expect(trusted.attributes).toContain('Secure');
    const untrusted = await attributesOf({}, headers);
    expect(untrusted.attributes).not.toContain('Secure');
  });

  it('is None; Secure; Partitioned across sites', async () => {
    expect((await attributesOf({ bridge: { crossSite: true } })).attributes).toEqual([
      'HttpOnly',
      'Max-Age=60',
      'Partitioned',
      'Path=/chat',
      'SameSite=None',
      'Secure',
    ]);
  });

  it.each([
    ['__Host-token', 'Path=/'],
    ['__Secure-token', 'Path=/chat'],
    ['__host-token', 'Path=/'],
  ])('named %s is Secure, as browsers demand', async (cookie, path) => {
    const { pair, attributes } = await attributesOf({ cookie });
    expect(pair).toBe(`${cookie}=TOKEN`);
    expect(attributes).toContain('Secure');
    expect(attributes).toContain(path);
    expect(attributes.join()).not.toContain('Domain');
  });

  it.each(['a/b+c==', 'eyJ.a-b_c~d'])(
    'holds the token %j as the handshake reads it',
    async (token) => {
      const settings = metadataOf({ strategy: 'mirror' });
      const mirror = customStrategy('mirror', (request) => ({ id: bearerOf(request) }));
      await using app = await startApp({
        ...settings,
        providers: [...settings.providers, mirror],
      });
      const cookie = cookieOf(await post(app.origin, token)).split(';', 1)[0]!;
      const client = await app.connect('/chat', { headers: { cookie, origin: parent } }).opened();
      expect(await client.ask('whoami')).toMatchObject({ user: token });
    },
  );
});

describe('behind a trusted proxy', () => {
  it('the own origin is the one that the browser sees', async () => {
    await using app = await startBridge({ trustProxy: 'loopback' });
    const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'ws.example.com' };
    const own = await post(app.origin, 'TOKEN', { origin: 'https://ws.example.com', ...forwarded });
    expect(own.status).toBe(204);
    const other = await post(app.origin, 'TOKEN', { origin: app.origin, ...forwarded });
    expect(other.status).toBe(403);
  });
});

describe('on an application with middleware of its own', () => {
  it('its headers do not lock the page out of its parents', async () => {
    await using app = await startApp(metadataOf({}), (nest) => {
      nest.use((_request: unknown, response: HeaderHolder, next: () => void) => {
        response.setHeader('X-Frame-Options', 'DENY');
        response.setHeader('Content-Security-Policy', "frame-ancestors 'none'");
        response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
        next();
      });
    });
    const { headers } = await ask(`${app.origin}${bridgePath}`);
    expect(headers['x-frame-options']).toBeUndefined();
    expect(headers['content-security-policy']).toContain(`frame-ancestors ${parent}`);
  });

  it('a global prefix does not move it', async () => {
    await using app = await startApp(metadataOf({}), (nest) => nest.setGlobalPrefix('api'));
    expect((await ask(`${app.origin}${bridgePath}`)).status).toBe(200);
  });

  it('enableCors() does not spoil its answer', async () => {
    await using app = await startApp(metadataOf({}), (nest) => nest.enableCors());
    const answer = await post(app.origin, tokenOf('alice'));
    expect(answer).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': parent,
        'access-control-allow-credentials': 'true',
      },
    });
    const refused = await post(app.origin, tokenOf('alice'), { origin: 'https://evil.example' });
    expect(refused.status).toBe(403);
    expect(refused.headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('two gateways', () => {
  const credentials = [
    fromCookie('token', { bridge: { path: bridgePath, parentOrigins: [parent] } }),
  ];

  it('refuse to boot with one bridge, whose cookie has the path of one of them', async () => {
    @WebSocketGateway({ path: '/a' })
    class FirstGateway {}
    @WebSocketGateway({ path: '/b' })
    class SecondGateway {}
    const error = await bootError({
      imports: [WsAuthModule.forRoot({ strategy: 'jwt', credentials })],
      providers: [JwtStrategy, FirstGateway, SecondGateway],
    });
    expect(error).toBeInstanceOf(WsAuthConfigurationError);
    expect(error.message).toMatch(/^fromCookie\.bridge\.path: /);
  });
});

describe('an application refuses to boot with a bridge', () => {
  const unsafe: [string, BridgeSettings, RegExp][] = [
    ['without parents', { bridge: { parentOrigins: [] } }, /^fromCookie\.bridge\.parentOrigins: /],
    [
      'for every parent',
      { bridge: { parentOrigins: ['*'] } },
      /^fromCookie\.bridge\.parentOrigins: /,
    ],
    [
      'for opaque parents',
      { bridge: { parentOrigins: ['null'] } },
      /^fromCookie\.bridge\.parentOrigins: /,
    ],
    [
      'for a wildcard',
      { bridge: { parentOrigins: ['https://*.example.com'] } },
      /^fromCookie\.bridge\.parentOrigins: /,
    ],
    [
      'for a parent with a path',
      { bridge: { parentOrigins: [`${parent}/app`] } },
      /^fromCookie\.bridge\.parentOrigins: /,
    ],
    [
      'for a parent that would end the policy',
      { bridge: { parentOrigins: ["https://a.example; script-src 'unsafe-inline'"] } },
      /^fromCookie\.bridge\.parentOrigins: /,
    ],
    ['on the path of the gateway', { bridge: { path: '/chat' } }, /^fromCookie\.bridge\.path: /],
    ['on a relative path', { bridge: { path: 'bridge' } }, /^fromCookie\.bridge\.path: /],
    ['with a life of nothing', { bridge: { maxAgeMs: 999 } }, /^fromCookie\.bridge\.maxAgeMs: /],
    ['for a cookie that is not a token', { cookie: 'a b' }, /^fromCookie: /],
    ['for any origin', { allowedOrigins: '*' }, /^allowedOrigins: /],
  ];

  it.each(unsafe)('%s', async (_what, settings, message) => {
    const boot = async () => Promise.reject(await bootError(metadataOf(settings)));
    const error = await boot().catch((reason: unknown) => reason as Error);
    expect(error).toBeInstanceOf(WsAuthConfigurationError);
    expect(error.message).toMatch(message);
  });
});

interface HeaderHolder {
  setHeader(name: string, value: string): void;
}

/** Announces a body, sends a part of it and leaves. */
function abandon(base: string): Promise<void> {
  return new Promise((resolve) => {
    const request = httpRequest(`${base}${bridgePath}`, {
      method: 'POST',
      headers: { origin: parent, 'content-type': 'text/plain', 'content-length': '100' },
    });
    request.on('error', () => undefined);
    request.on('close', resolve);
    request.write('half a tok', () => request.destroy());
  });
}
