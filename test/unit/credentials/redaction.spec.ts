import { describe, expect, it, vi } from 'vitest';
import { fromAuthorizationHeader } from '../../../lib/credentials/authorization-header.extractor.js';
import { fromCookie } from '../../../lib/credentials/cookie.extractor.js';
import type { WsCredentialExtractor } from '../../../lib/credentials/extractor.js';
import { fromFirstMessage } from '../../../lib/credentials/first-message.extractor.js';
import { fromQueryParam } from '../../../lib/credentials/query-param.extractor.js';
import {
  redactionOf,
  realSubprotocols,
  redactRequest,
} from '../../../lib/credentials/redaction.js';
import { fromRequest } from '../../../lib/credentials/request.extractor.js';
import { fromSubprotocol } from '../../../lib/credentials/subprotocol.extractor.js';
import { fromUserInfo } from '../../../lib/credentials/user-info.extractor.js';
import { upgradeRequest, type HeaderLines } from '../support/requests.js';

interface Case {
  readonly name: string;
  readonly extractors: readonly WsCredentialExtractor[];
  readonly url?: string;
  readonly lines?: HeaderLines;
  /** What the application sees; `SECRET` may be in none of it. */
  readonly seen: { readonly url?: string; readonly headers?: object };
}

const cases: readonly Case[] = [
  {
    name: 'hides Authorization also where nothing reads it',
    extractors: [fromFirstMessage()],
    lines: [
      ['Authorization', 'Bearer SECRET'],
      ['Proxy-Authorization', 'Basic SECRET'],
    ],
    seen: { headers: { authorization: 'REDACTED', 'proxy-authorization': 'REDACTED' } },
  },
  {
    name: 'hides Authorization for fromAuthorizationHeader() and fromUserInfo()',
    extractors: [fromAuthorizationHeader(), fromUserInfo()],
    lines: [['authorization', 'Basic SECRET']],
    seen: { headers: { authorization: 'REDACTED' } },
  },
  {
    name: 'hides the parameter of fromQueryParam() and keeps the rest',
    extractors: [fromQueryParam('token')],
    url: '/ws?a=1&token=SECRET&b=2',
    seen: { url: '/ws?a=1&token=REDACTED&b=2' },
  },
  {
    name: 'hides every one of two parameters',
    extractors: [fromQueryParam('token')],
    url: '/ws?token=SECRET&token=SECRET2',
    seen: { url: '/ws?token=REDACTED&token=REDACTED' },
  },
  {
    name: 'hides a parameter whose name is encoded',
    extractors: [fromQueryParam('token')],
    url: '/ws?%74oken=SECRET',
    seen: { url: '/ws?token=REDACTED' },
  },
  {
    name: 'HS-30: hides a malformed parameter',
    extractors: [fromQueryParam('token')],
    url: '/ws?token=SECRET%00%0d%0aX-Evil:1%ff',
    seen: { url: '/ws?token=REDACTED' },
  },
  {
    name: 'hides a parameter of an absolute-form target',
    extractors: [fromQueryParam('token')],
    url: 'http://gateway.example:3000/ws?token=SECRET',
    seen: { url: 'http://gateway.example:3000/ws?token=REDACTED' },
  },
  {
    name: 'keeps a URL without a query',
    extractors: [fromQueryParam('token')],
    url: '/ws/token=x',
    seen: { url: '/ws/token=x' },
  },
  {
    name: 'keeps a query in which there is nothing to hide',
    extractors: [fromQueryParam('token')],
    url: '/ws?a=%ff&b&c=%zz',
    seen: { url: '/ws?a=%ff&b&c=%zz' },
  },
  {
    name: 'hides the cookie of fromCookie() and keeps the rest',
    extractors: [fromCookie('s')],
    lines: [['Cookie', 'a=1; s=SECRET; b=2']],
    seen: { headers: { cookie: 'a=1; s=REDACTED; b=2' } },
  },
  {
    name: 'hides cookies on several lines',
    extractors: [fromCookie('s')],
    lines: [
      ['Cookie', 's=SECRET'],
      ['Cookie', 'a=1; s=SECRET2'],
    ],
    seen: { headers: { cookie: 's=REDACTED; a=1; s=REDACTED' } },
  },
  {
    name: 'keeps cookies that nothing reads',
    extractors: [fromAuthorizationHeader()],
    lines: [['Cookie', 'theme=dark']],
    seen: { headers: { cookie: 'theme=dark' } },
  },
  {
    name: 'hides the subprotocol with the token and keeps the rest',
    extractors: [fromSubprotocol()],
    lines: [['Sec-WebSocket-Protocol', 'chat,bearer.SECRET,v2']],
    seen: { headers: { 'sec-websocket-protocol': 'chat, bearer.REDACTED, v2' } },
  },
  {
    name: 'keeps subprotocols without a token',
    extractors: [fromAuthorizationHeader()],
    lines: [['Sec-WebSocket-Protocol', 'chat,v2']],
    seen: { headers: { 'sec-websocket-protocol': 'chat,v2' } },
  },
  {
    name: 'hides all cookies and the named headers and parameters of fromRequest()',
    extractors: [fromRequest({ headers: ['X-Api-Key'], queryParams: ['key'] }), fromCookie('s')],
    url: '/?key=SECRET&a=1',
    lines: [
      ['X-API-KEY', 'SECRET'],
      ['Cookie', 'a=SECRET; s=SECRET'],
      ['Authorization', 'Digest response="SECRET"'],
    ],
    seen: {
      url: '/?key=REDACTED&a=1',
      headers: { 'x-api-key': 'REDACTED', cookie: 'a=REDACTED; s=REDACTED' },
    },
  },
  {
    name: 'hides a cookie in whichever of several lines',
    extractors: [fromCookie('s')],
    lines: [
      ['Cookie', 'a=1'],
      ['Cookie', 's=SECRET; b=2'],
    ],
    seen: { headers: { cookie: 'a=1; s=REDACTED; b=2' } },
  },
  {
    name: 'QP-08: hides an access token of RFC 6750 also where nothing reads the query',
    extractors: [fromAuthorizationHeader()],
    url: '/ws?access_token=SECRET&a=1',
    seen: { url: '/ws?access_token=REDACTED&a=1' },
  },
];

describe('redactRequest', () => {
  for (const { name, extractors, url = '/ws', lines = [], seen } of cases) {
    it(name, () => {
      const request = upgradeRequest(url, lines);
      const sent = { url, headers: { ...request.headers } };
      const original = redactRequest(request, redactionOf(extractors));
      expect(original).toMatchObject(sent);
      expect({ url: request.url, headers: request.headers }).toMatchObject(seen);
      const { rawHeaders, headers, headersDistinct } = request;
      const everything = [request.url, rawHeaders, headers, headersDistinct];
      expect(JSON.stringify(everything)).not.toContain('SECRET');
    });
  }

  it('keeps every other line of the request as it was', () => {
    const request = upgradeRequest('/', [
      ['Authorization', 'Bearer x'],
      ['X-Other', 'kept'],
    ]);
    const before = [...request.rawHeaders];
    redactRequest(request, redactionOf([]));
    expect(request.rawHeaders).toEqual(
      before.map((value) => (value === 'Bearer x' ? 'REDACTED' : value)),
    );
    expect(request.headers).toMatchObject({ host: 'gateway.example:3000', 'x-other': 'kept' });
  });

  it('hides them also from code that has read them before', () => {
    const request = upgradeRequest('/', [['Authorization', 'Bearer SECRET']]);
    expect(request.headers.authorization).toBe('Bearer SECRET');
    expect(request.headersDistinct['authorization']).toEqual(['Bearer SECRET']);
    redactRequest(request, redactionOf([]));
    expect(request.headers.authorization).toBe('REDACTED');
    expect(request.headersDistinct['authorization']).toEqual(['REDACTED']);
  });

  it('copes with a request that has no URL', () => {
    const request = Object.assign(upgradeRequest('/'), { url: undefined });
    expect(redactRequest(request, redactionOf([fromQueryParam('t')])).url).toBe('');
  });
});

describe('a field that comes in many lines', () => {
  it.each([
    ['named', fromCookie('token')],
    ['all', fromRequest()],
  ])('K6b: is redacted once as a whole, where cookies are %s', (_name, extractor) => {
    const lines = Array.from({ length: 90 }, (_none, index) => `token=SECRET; a${index}=SECRET`);
    const request = upgradeRequest(
      '/',
      lines.map((line) => ['Cookie', line]),
    );
    const read = vi.fn(() => lines.join('; '));
    const headers = Object.defineProperty({ ...request.headers }, 'cookie', {
      get: read,
      enumerable: true,
    });
    redactRequest(Object.assign(request, { headers }), redactionOf([extractor]));
    expect(read.mock.calls.length).toBeLessThan(5);
    expect(request.headers.cookie?.split('; ')).toHaveLength(2 * lines.length);
    expect(request.headers.cookie).not.toContain('token=SECRET');
    expect(request.rawHeaders.join()).not.toContain('token=SECRET');
  });
});

describe('K8f: a token behind an entry of its own', () => {
  const redaction = redactionOf([fromSubprotocol({ after: 'bearer' })]);

  it.each([
    [['bearer, SECRET'], 'bearer, REDACTED'],
    [['chat, bearer, SECRET, v2'], 'chat, bearer, REDACTED, v2'],
    [['chat, bearer', 'SECRET, v2'], 'chat, bearer, REDACTED, v2'],
    [['bearer', 'SECRET'], 'bearer, REDACTED'],
    [['chat', 'v2'], 'chat, v2'],
  ])('is hidden in %j', (values, shown) => {
    const request = upgradeRequest(
      '/',
      values.map((value) => ['Sec-WebSocket-Protocol', value]),
    );
    redactRequest(request, redaction);
    expect(request.headers['sec-websocket-protocol']).toBe(shown);
    expect(request.rawHeaders.join()).not.toContain('SECRET');
  });

  it('does not count as a subprotocol that may be answered', () => {
    expect(realSubprotocols(['chat', 'v2'], redaction)).toEqual(['chat', 'v2']);
    expect(realSubprotocols(['chat', 'bearer', 'SECRET', 'v2'], redaction)).toEqual([
      'chat',
      'bearer',
      'v2',
    ]);
  });
});

describe('redactionOf', () => {
  it('joins the places of all extractors', () => {
    const redaction = redactionOf([
      fromQueryParam('a'),
      fromQueryParam('b'),
      fromCookie('c'),
      fromSubprotocol({ prefix: 'd.' }),
      fromFirstMessage(),
    ]);
    expect([...redaction.headers]).toEqual(['authorization', 'proxy-authorization']);
    expect([...redaction.queryParams]).toEqual(expect.arrayContaining(['a', 'b']));
    expect(redaction).toMatchObject({ cookies: ['c'], subprotocolPrefixes: ['bearer.', 'd.'] });
  });

  it('hides all cookies as soon as one extractor demands it', () => {
    expect(redactionOf([fromCookie('c'), fromRequest()]).cookies).toBe('all');
  });
});
