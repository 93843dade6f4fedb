import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { WebSocketGateway } from '@nestjs/websockets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
import { JwtStrategy } from '../support/strategies.js';
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

function post(server: string, body: string, headers: Record<string, string> = { origin: parent }) {
  return ask(`${server}${bridgePath}`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain', ...headers },
    body,
  });
}

function preflight(server: string, origin: string) {
  const headers = { origin, 'access-control-request-method': 'POST' };
  return ask(`${server}${bridgePath}`, { method: 'OPTIONS', headers });
}

function cookieOf({ headers }: HttpAnswer): string {
  const [cookie, ...others] = headers['set-cookie'] ?? [];
  expect(others).toEqual([]);
  return cookie!;
}

/** Starts a bridge on one kind of server, and returns its origin. */
type Serve = () => Promise<{ app: TestApp; base: string }>;

const serveOn =
  (adapter: () => StartOptions['httpAdapter']): Serve =>
  async () => {
    const app = await startBridge({}, { httpAdapter: adapter()! });
    return { app, base: app.origin };
  };

const servers: Readonly<Record<string, Serve>> = {
  Express: serveOn(() => new ExpressAdapter()),
  Fastify: serveOn(() => new FastifyAdapter()),
  'a port of its own': async () => {
    const port = await freePort();
    return { app: await startBridge({ port }), base: `http://127.0.0.1:${port}` };
  },
};

// The page, the origins, the tokens and the attributes are in the tables of `test/unit/cookie-bridge`.
describe.each(Object.entries(servers))('the bridge on %s', (_server, serve) => {
  let app: TestApp;
  let base: string;
  beforeAll(async () => ({ app, base } = await serve()));
  afterAll(() => app[Symbol.asyncDispose]());

  it('serves a page that runs one script by its hash, in frames of the parents only', async () => {
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

  it('refuses another origin with 403 and sets nothing', async () => {
    const answer = await post(base, tokenOf('alice'), { origin: 'https://evil.example' });
    expect(answer.status).toBe(403);
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('answers the preflight of a parent origin, and of no other', async () => {
    expect(await preflight(base, otherParent)).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': otherParent,
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'POST',
      },
    });
    const refused = await preflight(base, 'https://evil.example');
    expect(refused.status).toBe(403);
    expect(refused.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('refuses a body that is much too large', async () => {
    const answer = await post(base, 'x'.repeat(1_000_000));
    expect(answer.status).toBe(413);
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(answer.body).not.toContain('xxx');
  });

  it.each(['application/json', 'application/x-www-form-urlencoded'])(
    'answers a body of type %s, which a parser may have read before',
    async (type) => {
      const answer = await post(base, '{"token":"x"}', { origin: parent, 'content-type': type });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
    },
  );

  it('survives a client that leaves in the middle of its body', async () => {
    await abandon(base);
    expect((await post(base, tokenOf('alice'))).status).toBe(204);
  });

  it('is on its path only', async () => {
    for (const path of ['/', '/chat', `${bridgePath}/`, `${bridgePath}x`, '/CHAT/bridge']) {
      const answer = await ask(`${base}${path}`);
      expect([404, 426]).toContain(answer.status);
    }
  });
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
  it.each<[string, BridgeSettings, RegExp]>([
    ['on the path of the gateway', { bridge: { path: '/chat' } }, /^fromCookie\.bridge\.path: /],
    ['for a cookie that is not a token', { cookie: 'a b' }, /^fromCookie: /],
    ['for any origin', { allowedOrigins: '*' }, /^allowedOrigins: /],
  ])('%s', async (_what, settings, message) => {
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
function abandon(server: string): Promise<void> {
  return new Promise((resolve) => {
    const request = httpRequest(`${server}${bridgePath}`, {
      method: 'POST',
      headers: { origin: parent, 'content-type': 'text/plain', 'content-length': '100' },
    });
    request.on('error', () => undefined);
    request.on('close', resolve);
    request.write('half a tok', () => request.destroy());
  });
}
