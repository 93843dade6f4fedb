import { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { Credential, type CredentialContent } from '../../../lib/credentials/credential.js';
import type { WsCredentialExtractor } from '../../../lib/credentials/extractor.js';
import { fromAuthorizationHeader } from '../../../lib/credentials/authorization-header.extractor.js';
import { fromCookie } from '../../../lib/credentials/cookie.extractor.js';
import { fromRequest } from '../../../lib/credentials/request.extractor.js';
import { tokenPlacesOf, type TokenPlaces } from '../../../lib/credentials/token-places.js';
import { WatchedRequest } from '../../../lib/passport/watched-request.js';
import { fromQueryParam } from '../../../lib/credentials/query-param.extractor.js';
import {
  redactionOf,
  redactRequest,
  type OriginalParts,
} from '../../../lib/credentials/redaction.js';
import { clientFactsOf } from '../../../lib/passport/client-facts.js';
import { expressRequest } from '../../../lib/passport/express-request.js';
import { Site } from '../../../lib/passport/middleware-application.js';
import { strategyRequest, type StrategyRequest } from '../../../lib/passport/strategy-request.js';
import { proxyTrust } from '../../../lib/policy/proxy-trust.js';
import { basic, bearer } from '../support/credentials.js';
import { upgradeRequest, type HeaderLines } from '../support/requests.js';
import { ManualAttempt } from '../support/strategies.js';

const client = { path: '/ws', address: '192.0.2.1', origin: 'https://app.example.com' };

const nowhere = { headers: new Set<string>(), queryParams: new Set<string>(), passwordField: '' };

interface Sent {
  readonly url?: string;
  readonly lines?: HeaderLines;
  readonly extractors?: readonly WsCredentialExtractor[];
  readonly places?: TokenPlaces;
  readonly origin?: { readonly ambient: boolean; readonly cookie?: boolean };
}

interface Derived {
  readonly request: IncomingMessage;
  readonly seen: StrategyRequest;
  readonly attempt: ManualAttempt;
}

function derive(content: CredentialContent, sent: Sent = {}): Derived {
  const { url = '/ws', lines = [], extractors = [], origin = { ambient: false }, places } = sent;
  const request = upgradeRequest(url, lines);
  const original = redactRequest(request, redactionOf(extractors));
  const credential = new Credential(content, { extractor: 't', strategy: undefined, ...origin });
  const attempt = new ManualAttempt();
  const parts = { request, original, client, credential, attempt };
  const seen = strategyRequest(places ? { ...parts, places } : parts);
  return { request, seen, attempt };
}

/** The parts of which a strategy's request is made, of a request that the test has made. */
function partsOf(request: IncomingMessage, content: CredentialContent = bearer('abc')) {
  const original = redactRequest(request, redactionOf([]));
  const origin = { extractor: 't', ambient: false, strategy: undefined };
  const credential = new Credential(content, origin);
  return { request, original, client, credential, attempt: new ManualAttempt() };
}

/** What a strategy that reads the request itself is given. */
function requested() {
  const origin = { ambient: true, cookie: true };
  const how = { extractor: 'request', strategy: undefined, ...origin };
  return { credential: new Credential({ scheme: 'request' }, how) };
}

/** CPU time in microseconds that it takes to derive the request of a strategy. */
function costOf(url: string) {
  const before = process.cpuUsage();
  const { query } = derive(bearer('abc'), { url }).seen;
  const { user, system } = process.cpuUsage(before);
  return { query, cost: user + system };
}

const everywhere: Sent = {
  url: '/ws?token=abc&a=1',
  lines: [['Authorization', 'Basic c2VudDpzZW50']],
  extractors: [fromQueryParam('token')],
};

describe('strategyRequest', () => {
  it('presents a token as Bearer and nowhere else', () => {
    const { seen } = derive(bearer('abc'), everywhere);
    expect(seen.headers.authorization).toBe('Bearer abc');
    expect(seen.url).toBe('/ws?a=1');
    expect(seen.originalUrl).toBe('/ws?a=1');
    expect({ ...seen.query }).toEqual({ a: '1' });
    expect(seen.body).toEqual({});
  });

  it('K5: shows the query of Socket.IO as that of the URL, and nothing where there is none', () => {
    const request = Object.assign(upgradeRequest('/ws?key=REDACTED', []), {
      _query: { key: 'REDACTED' },
    });
    const original = { url: '/ws?key=secret', bareUrl: '/ws', headers: {} };
    const { credential } = requested();
    const attempt = new ManualAttempt();
    const seen = strategyRequest({ request, original, client, credential, attempt });
    expect(seen._query).toBe(seen.query);
    expect(seen.query['key']).toBe('secret');
    expect(derive(bearer('abc')).seen).not.toHaveProperty('_query');
  });

  it('BA-02: presents a name and a password as Basic in UTF-8', () => {
    const { seen } = derive(basic('älice', 'pa:ss'), everywhere);
    const encoded = Buffer.from('älice:pa:ss').toString('base64');
    expect(seen.headers.authorization).toBe(`Basic ${encoded}`);
  });

  it('presents the fields of a message as the body, and their token as Bearer', () => {
    const body = { token: 'abc', device: 7 };
    const { seen } = derive({ scheme: 'fields', body, token: 'abc' }, everywhere);
    expect(seen.body).toBe(body);
    expect(seen.headers.authorization).toBe('Bearer abc');
  });

  it('shows no header for fields without a token, even if the handshake had one', () => {
    const body = { username: 'alice', password: 'secret' };
    const { seen } = derive({ scheme: 'fields', body, token: undefined }, everywhere);
    expect(seen.body).toBe(body);
    expect(seen.headers).not.toHaveProperty('authorization');
  });

  it('leaves everything as it was sent for a strategy that reads the request itself', () => {
    const { seen } = derive(
      { scheme: 'request' },
      {
        ...everywhere,
        lines: [
          ['Authorization', 'Digest x'],
          ['Cookie', 's=1'],
        ],
        origin: { ambient: true, cookie: true },
      },
    );
    expect(seen.url).toBe('/ws?token=abc&a=1');
    expect({ ...seen.query }).toEqual({ token: 'abc', a: '1' });
    expect(seen.headers).toMatchObject({ authorization: 'Digest x', cookie: 's=1' });
    expect(seen.body).toEqual({});
  });

  it.each<[string, CredentialContent]>([
    ['a token', bearer('abc')],
    ['fields with a token', { scheme: 'fields', body: { token: 'abc' }, token: 'abc' }],
    ['fields without a token', { scheme: 'fields', body: { x: 1 }, token: undefined }],
    ['a name and a password', basic('alice', 'secret')],
  ])('AH-11, CK-07: shows no cookie beside %s, which any page may have sent', (_what, content) => {
    const { seen } = derive(content, { lines: [['Cookie', 'session=VICTIM']] });
    expect(seen.headers).not.toHaveProperty('cookie');
  });

  describe('K8b: a token', () => {
    const extractors = [
      fromQueryParam('token'),
      fromCookie('jwt'),
      fromRequest({ headers: ['X-Token', 'Cookie'], queryParams: ['key'] }),
      fromAuthorizationHeader(),
    ];
    const places = tokenPlacesOf(extractors);

    it.each<[string, CredentialContent]>([
      ['of a header', bearer('a+b=')],
      ['of a message', { scheme: 'fields', body: {}, token: 'a+b=' }],
    ])('%s stands in every place that extractors name', (_what, content) => {
      const { seen } = derive(content, { url: '/ws?a=1&token=sent', extractors, places });
      expect(seen.url).toBe('/ws?a=1&token=a%2Bb%3D');
      expect({ ...seen.query }).toEqual({ a: '1', token: 'a+b=' });
      expect(seen.headers).toMatchObject({
        authorization: 'Bearer a+b=',
        cookie: 'jwt=a%2Bb%3D',
      });
      // What a proxy may vouch for is not for a client to choose.
      expect(seen.headers).not.toHaveProperty('x-token');
      expect(seen).toMatchObject({ cookies: { jwt: 'a+b=' } });
    });

    it('begins the query of a URL without one', () => {
      expect(derive(bearer('abc'), { extractors, places }).seen.url).toBe('/ws?token=abc');
    });

    it.each<[string, CredentialContent]>([
      ['a name and a password', basic('alice', 'secret')],
      ['fields without a token', { scheme: 'fields', body: { x: 1 }, token: undefined }],
    ])('is not made of %s', (_what, content) => {
      const { seen } = derive(content, { extractors, places });
      expect(seen.url).toBe('/ws');
      expect(seen.headers).not.toHaveProperty('cookie');
      expect(seen.headers).not.toHaveProperty('x-token');
    });

    it('stands beside the cookies that middleware has parsed', () => {
      const request = Object.assign(upgradeRequest('/ws'), { cookies: { a: '1', jwt: 'other' } });
      const seen = strategyRequest({ ...partsOf(request), places });
      expect(seen).toMatchObject({ cookies: { a: '1', jwt: 'abc' } });
      const watched = new WatchedRequest(seen, bearer('abc'), nowhere);
      expect((seen as unknown as { cookies: { jwt: string } }).cookies.jwt).toBe('abc');
      expect([...watched.read]).toEqual(['abc']);
    });

    it('is not found in access_token by a strategy that has read the Authorization header', () => {
      const named = tokenPlacesOf([fromQueryParam('access_token')]);
      const both = derive(bearer('abc'), { places: named }).seen;
      const first = derive(bearer('abc'), { places: named }).seen;
      for (const seen of [both, first]) {
        void new WatchedRequest(seen, bearer('abc'), nowhere);
      }
      expect(both.headers.authorization).toBe('Bearer abc');
      expect(both.query['access_token']).toBeUndefined();
      expect(first.query['access_token']).toBe('abc');
    });
  });

  it('leaves the redacted request alone, whatever a strategy does with its own', () => {
    const { request, seen } = derive(bearer('abc'), everywhere);
    seen.headers.authorization = 'Bearer changed';
    seen.headers['x-new'] = '1';
    seen.url = '/changed';
    seen.query['a'] = 'changed';
    seen.body = { changed: true };
    Object.assign(seen, { user: { id: 1 } });
    expect(request.headers).toMatchObject({ authorization: 'REDACTED' });
    expect(request.headers).not.toHaveProperty('x-new');
    expect(request.url).toBe('/ws?token=REDACTED&a=1');
    expect(request).not.toHaveProperty('user');
    expect(request).not.toHaveProperty('body');
  });

  it('lets a strategy change nothing that the next one sees', () => {
    const request = upgradeRequest('/', [['Authorization', 'Digest x']]);
    const parts = { ...partsOf(request), ...requested() };
    const first = strategyRequest(parts);
    first.headers.authorization = 'Bearer forged';
    const second = strategyRequest(parts);
    expect(second.headers.authorization).toBe('Digest x');
  });

  it('still is a request: methods, socket and everything else', () => {
    const { request, seen } = derive(bearer('abc'), { lines: [['Accept', 'a']] });
    expect(seen).toBeInstanceOf(IncomingMessage);
    expect(seen).toMatchObject({
      socket: request.socket,
      method: 'GET',
      httpVersion: '1.1',
      httpVersionMajor: 1,
      httpVersionMinor: 1,
      complete: true,
      upgrade: null,
      rawHeaders: request.rawHeaders,
    });
    expect(seen.headers.host).toBe('gateway.example:3000');
    expect(seen.headersDistinct).toMatchObject({ accept: ['a'], authorization: ['Bearer abc'] });
    expect(clientFactsOf(seen)).toBe(client);
  });

  it('has what an earlier listener, or middleware, put on the request', () => {
    const request = Object.assign(upgradeRequest('/ws'), { tenant: 'acme' });
    const parts = partsOf(request);
    for (const each of [request, expressRequest(request, parts.original)]) {
      const seen = strategyRequest({ ...parts, request: each });
      expect(seen).toMatchObject({ tenant: 'acme', url: '/ws' });
      expect(seen.headers.authorization).toBe('Bearer abc');
      expect(seen.signal.aborted).toBe(false);
      expect(clientFactsOf(seen)).toBe(client);
    }
    expect(request.headers).not.toHaveProperty('authorization');
  });

  it('has the methods of a class of its own', () => {
    class TenantRequest extends IncomingMessage {
      tenant(): string {
        return 'acme';
      }
    }
    const request = upgradeRequest('/ws');
    Object.setPrototypeOf(request, TenantRequest.prototype);
    expect((strategyRequest(partsOf(request)) as unknown as TenantRequest).tenant()).toBe('acme');
  });

  it.each([
    ['/ws', {}],
    ['/ws?', {}],
    ['/ws?a', { a: '' }],
    ['/ws?a=1&a=2&a=3', { a: ['1', '2', '3'] }],
    ['/ws?a=%C3%A9', { a: 'é' }],
    ['/ws?a=%ff', { a: '%ff' }],
    ['/ws?a[b]=1', { 'a[b]': '1' }],
    ['/ws?constructor=x', { constructor: 'x' }],
  ])('QP-05: parses the query of %s into strings', (url, query) => {
    expect({ ...derive(bearer('abc'), { url }).seen.query }).toEqual(query);
  });

  it('K6b: reads a name that is repeated for what as many different names cost', () => {
    const count = 7_800;
    const repeated = `/ws?${Array.from({ length: count }, () => 'a').join('&')}`;
    const different = `/ws?${Array.from({ length: count }, (_each, index) => index).join('&')}`;
    costOf(different);
    const baseline = costOf(different);
    const measured = costOf(repeated);
    expect(measured.query['a']).toHaveLength(count);
    // A quadratic loop costs 300 times as much.
    expect(measured.cost).toBeLessThan(30 * baseline.cost);
  });

  it('QP-05: has no prototype to pollute in the query', () => {
    const { query } = derive(bearer('abc'), { url: '/ws?__proto__=x&a=1' }).seen;
    expect(Object.getPrototypeOf(query)).toBeNull();
    expect(Object.hasOwn(query, '__proto__')).toBe(true);
  });

  it('ST-06: aborts the signal of a strategy that is no longer awaited', () => {
    const { seen, attempt } = derive(bearer('abc'));
    expect(seen.signal.aborted).toBe(false);
    attempt.abort();
    expect(seen.signal.aborted).toBe(true);
  });
});

type Before = (request: IncomingMessage, original: OriginalParts) => IncomingMessage;

it.each<[string, Before]>([
  ['without middleware', (request) => request],
  ['behind another listener', (request) => Object.assign(request, { tenant: 'acme' })],
  ['behind middleware', (request, original) => expressRequest(request, original)],
])('K5a: has the members of Express, for the proxies of its site, %s', (_what, before) => {
  const raw = upgradeRequest('/ws', [['X-Forwarded-For', '198.51.100.7']]);
  Object.defineProperty(raw.socket, 'remoteAddress', { value: '127.0.0.1' });
  const parts = { ...partsOf(raw), ...requested() };
  const request = before(raw, parts.original);
  const site = new Site(proxyTrust('loopback'), 'loopback');
  expect(strategyRequest({ ...parts, request, site })).toMatchObject({ ip: '198.51.100.7' });
  expect(strategyRequest({ ...parts, request })).toMatchObject({ ip: '127.0.0.1' });
});

it.each<[string, Before]>([
  ['without middleware', (request) => request],
  ['behind middleware', (request, original) => expressRequest(request, original)],
])('K5a: has an empty body that can be read to its end, %s', async (_what, before) => {
  const raw = upgradeRequest('/ws', []);
  const parts = { ...partsOf(raw), ...requested() };
  const base = before(raw, parts.original);
  const request = strategyRequest({ ...parts, request: base });
  for (const each of [request, ...(base === raw ? [] : [base])]) {
    const chunks: unknown[] = [];
    for await (const chunk of each) {
      chunks.push(chunk);
    }
    expect(chunks).toEqual([]);
    expect(each.readableEnded).toBe(true);
  }
  expect(raw.socket.destroyed).toBe(false);
});
