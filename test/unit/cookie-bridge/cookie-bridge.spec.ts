import { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { cookieBridge } from '../../../lib/cookie-bridge/cookie-bridge.js';
import { fromCookie, type CookieBridgeOptions } from '../../../lib/credentials/cookie.extractor.js';
import { WsAuthConfigurationError } from '../../../lib/errors/ws-auth.error.js';
import type { WsAuthModuleOptions } from '../../../lib/policy/options.js';
import { resolvePolicy } from '../../../lib/policy/policy.js';
import { bearer, limits, summary } from '../support/credentials.js';
import { handshakeOf, requestOf, type HeaderLines } from '../support/requests.js';
import { settle } from '../../support/turns.js';

const app = 'https://app.example.com';
const options: CookieBridgeOptions = { path: '/bridge', parentOrigins: [app] };

interface Setup {
  readonly cookie?: string;
  readonly bridge?: Partial<CookieBridgeOptions>;
  readonly module?: WsAuthModuleOptions;
  readonly gatewayPath?: string;
}

function bridgeOf({ cookie = 's', bridge = {}, module = {}, gatewayPath = '/ws' }: Setup = {}) {
  const extractor = fromCookie(cookie, { bridge: { ...options, ...bridge } });
  const policy = resolvePolicy({ strategy: 'jwt', credentials: [extractor], ...module });
  return cookieBridge(extractor, policy, gatewayPath);
}

interface Asked {
  readonly method?: string;
  readonly url?: string;
  readonly origin?: string | undefined;
  readonly lines?: HeaderLines;
  readonly body?: string;
}

async function ask(asked: Asked, setup: Setup = {}) {
  const { method = 'POST', url = '/bridge', origin, lines = [], body = 'token' } = asked;
  const originLines = origin === undefined ? [] : [['Origin', origin] as const];
  const request = requestOf(url, [['Host', 'gateway.example'], ...originLines, ...lines]);
  Object.assign(request, { method });
  request.push(Buffer.from(body));
  request.push(null);
  const response = new ServerResponse(request);
  bridgeOf(setup).answer(request, response);
  await settle();
  const { statusCode, writableEnded } = response;
  return { status: statusCode, ended: writableEnded, headers: response.getHeaders() };
}

const parents = (...parentOrigins: string[]): Setup => ({ bridge: { parentOrigins } });

describe('the bridge', () => {
  it('names the path it answers', () => {
    expect(bridgeOf().path).toBe('/bridge');
  });

  it('serves the page with Cache-Control: no-store', async () => {
    const { status, headers } = await ask({ method: 'GET', url: '/bridge?x' });
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      vary: 'Origin',
    });
  });

  it.each([
    ['a parent', app, true],
    ['a parent in capitals', 'HTTPS://App.Example.com', true],
    ['its own page', 'http://gateway.example', false],
  ])('sets the cookie for %s', async (_what, origin, cors) => {
    const { status, headers } = await ask({ origin });
    expect(status).toBe(204);
    expect(headers['set-cookie']).toBe('s=token; Max-Age=60; Path=/ws; HttpOnly; SameSite=Strict');
    expect(headers['access-control-allow-origin']).toBe(cors ? app : undefined);
    expect(headers['access-control-allow-credentials']).toBe(cors ? 'true' : undefined);
  });

  it.each([
    ['another origin', 'https://evil.example'],
    ['a suffix', `${app}.evil.example`],
    ['null', 'null'],
    ['no origin', undefined],
    ['a slash at the end', `${app}/`],
    ['another scheme', 'http://app.example.com'],
    ['another port', `${app}:444`],
    ['two origins', `${app}, https://evil.example`],
    ['an empty one', ''],
    ['its own host over another scheme', 'https://gateway.example'],
  ])('refuses %s with 403 and no CORS', async (_what, origin) => {
    for (const method of ['POST', 'OPTIONS']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { status, headers, ended } = await ask({ method, origin });
      expect({ status, ended }).toEqual({ status: 403, ended: true });
      expect(headers).not.toHaveProperty('set-cookie');
      expect(headers).not.toHaveProperty('access-control-allow-origin');
    }
  });

  it('answers the preflight of a parent', async () => {
    const { status, headers } = await ask({ method: 'OPTIONS', origin: app });
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      'access-control-allow-origin': app,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'Content-Type',
    });
  });

  it.each(['PUT', 'DELETE', 'HEAD', 'PATCH'])('refuses %s with 405', async (method) => {
    const { status } = await ask({ method, origin: app });
    expect(status).toBe(405);
  });

  it.each([
    ['nothing', '', 400],
    ['a space', 'a b', 400],
    ['another attribute', 'a; Domain=evil.example', 400],
    ['a line break', 'a\r\nSet-Cookie: x=1', 400],
    ['JSON', '{"token":"a"}', 400],
    ['more than ASCII', 'tökén', 400],
    ['more than a credential', 'x'.repeat(8_193), 413],
  ])('sets no cookie for %s', async (_what, body, expected) => {
    const { status, headers } = await ask({ origin: app, body });
    expect(status).toBe(expected);
    expect(headers).not.toHaveProperty('set-cookie');
  });

  it.each([
    ['1|abc', '1|abc'],
    ['YWJj+/==', 'YWJj+/=='],
    ['a%20b', 'a%2520b'],
    ['a;Domain=evil.example', 'a%3BDomain=evil.example'],
    [String.raw`a\b`, 'a%5Cb'],
  ])('K5h: sets the token %s, as fromCookie() reads it', async (token, value) => {
    const { status, headers } = await ask({ origin: app, body: token });
    expect(status).toBe(204);
    expect(String(headers['set-cookie']).split(';', 1)).toEqual([`s=${value}`]);
    const handshake = handshakeOf('/', [['Cookie', `s=${value}`]]);
    expect(summary(fromCookie('s').find(handshake, limits))).toEqual(bearer(token));
  });

  it.each<[string, Setup, string]>([
    [
      '__Host-',
      { cookie: '__Host-s' },
      '__Host-s=token; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Strict',
    ],
    [
      '__Secure-',
      { cookie: '__Secure-s' },
      '__Secure-s=token; Max-Age=60; Path=/ws; HttpOnly; Secure; SameSite=Strict',
    ],
    [
      'another site',
      { bridge: { crossSite: true } },
      's=token; Max-Age=60; Path=/ws; HttpOnly; Secure; Partitioned; SameSite=None',
    ],
    [
      'a short life',
      { bridge: { maxAgeMs: 1_999 } },
      's=token; Max-Age=1; Path=/ws; HttpOnly; SameSite=Strict',
    ],
  ])('sets the attributes of %s', async (_what, setup, cookie) => {
    const { headers } = await ask({ origin: app }, setup);
    expect(headers['set-cookie']).toBe(cookie);
  });

  it('sets Secure where a trusted proxy ends TLS', async () => {
    const lines: HeaderLines = [['X-Forwarded-Proto', 'https']];
    const trusting = await ask({ origin: app, lines }, { module: { trustProxy: true } });
    expect(trusting.headers['set-cookie']).toContain('; Secure');
    const careful = await ask({ origin: app, lines });
    expect(careful.headers['set-cookie']).not.toContain('; Secure');
  });

  it.each<[string, Setup, RegExp]>([
    ['no parents', parents(), /^fromCookie\.bridge\.parentOrigins: name the origins/],
    ['every parent', parents('*'), /^fromCookie\.bridge\.parentOrigins: expected exact/],
    ['null', parents('null'), /^fromCookie\.bridge\.parentOrigins: expected exact/],
    ['a wildcard', parents('https://*.example'), /^fromCookie\.bridge\.parentOrigins: expected/],
    ['a path', parents(`${app}/x`), /^fromCookie\.bridge\.parentOrigins: expected exact/],
    ['a directive', parents("https://a.example; script-src 'unsafe-inline'"), /parentOrigins: exp/],
    [
      'parents that are no list',
      { bridge: { parentOrigins: app as unknown as readonly string[] } },
      /^fromCookie\.bridge\.parentOrigins: /,
    ],
    ['a relative path', { bridge: { path: 'bridge' } }, /^fromCookie\.bridge\.path: /],
    ['an empty path', { bridge: { path: '' } }, /^fromCookie\.bridge\.path: /],
    ['a path with a query', { bridge: { path: '/b?x' } }, /^fromCookie\.bridge\.path: /],
    ['a path that no request has', { bridge: { path: '//b' } }, /^fromCookie\.bridge\.path: /],
    ['the path of the gateway', { bridge: { path: '/ws' } }, /^fromCookie\.bridge\.path: /],
    ['a cookie that is not a token', { cookie: 'a b' }, /^fromCookie: /],
    ['a life under a second', { bridge: { maxAgeMs: 999 } }, /^fromCookie\.bridge\.maxAgeMs: /],
    ['a gateway path that no cookie can have', { gatewayPath: '/w;s' }, /path/],
  ])('refuses to boot with %s', (_what, setup, message) => {
    expect(() => bridgeOf(setup)).toThrow(WsAuthConfigurationError);
    expect(() => bridgeOf(setup)).toThrow(message);
  });
});
