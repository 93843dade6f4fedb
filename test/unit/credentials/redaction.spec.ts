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
import { upgradeRequest, type HeaderLines } from '../support/requests.js';

/** What the application sees of a request, in which `SECRET` stands nowhere any more. */
function shown(extractors: readonly WsCredentialExtractor[], url: string, lines: HeaderLines = []) {
  const request = upgradeRequest(url, lines);
  const sent = { url, headers: { ...request.headers } };
  expect(redactRequest(request, redactionOf(extractors))).toMatchObject(sent);
  const { rawHeaders, headers, headersDistinct } = request;
  const everything = [request.url, rawHeaders, headers, headersDistinct];
  expect(JSON.stringify(everything)).not.toContain('SECRET');
  return { url: request.url, headers };
}

const header = [fromAuthorizationHeader()];
const protocol = 'Sec-WebSocket-Protocol';

describe('redactRequest', () => {
  it.each([
    ['a parameter, and keeps the rest', '/ws?a=1&token=SECRET&b=2', '/ws?a=1&token=REDACTED&b=2'],
    ['two parameters', '/ws?token=SECRET&token=SECRET2', '/ws?token=REDACTED&token=REDACTED'],
    ['a parameter whose name is encoded', '/ws?%74oken=SECRET', '/ws?token=REDACTED'],
    ['HS-30: a malformed one', '/ws?token=SECRET%00%0d%0aX-Evil:1%ff', '/ws?token=REDACTED'],
    [
      'a parameter of an absolute-form target',
      'http://gateway.example:3000/ws?token=SECRET',
      'http://gateway.example:3000/ws?token=REDACTED',
    ],
    ['nothing of a URL without a query', '/ws/token=x', '/ws/token=x'],
    ['nothing where there is no credential', '/ws?a=%ff&b&c=%zz', '/ws?a=%ff&b&c=%zz'],
    ['QP-08: the access token of RFC 6750', '/?access_token=SECRET', '/?access_token=REDACTED'],
  ])('hides %s', (_what, sent, url) => {
    expect(shown([fromQueryParam('token')], sent).url).toBe(url);
  });

  it('QP-08: hides an access token of RFC 6750 also where nothing reads the query', () => {
    expect(shown(header, '/ws?access_token=SECRET&a=1').url).toBe('/ws?access_token=REDACTED&a=1');
  });

  it.each<[string, WsCredentialExtractor, string, string[], string]>([
    ['Authorization', fromAuthorizationHeader(), 'authorization', ['Basic SECRET'], 'REDACTED'],
    [
      'Authorization that nothing reads',
      fromFirstMessage(),
      'authorization',
      ['SECRET'],
      'REDACTED',
    ],
    ['that of a proxy', fromFirstMessage(), 'proxy-authorization', ['SECRET'], 'REDACTED'],
    ['a cookie', fromCookie('s'), 'cookie', ['a=1; s=SECRET; b=2'], 'a=1; s=REDACTED; b=2'],
    [
      'cookies',
      fromCookie('s'),
      'cookie',
      ['s=SECRET', 'a=1; s=SECRET'],
      's=REDACTED; a=1; s=REDACTED',
    ],
    [
      'one of several lines',
      fromCookie('s'),
      'cookie',
      ['a=1', 's=SECRET; b=2'],
      'a=1; s=REDACTED; b=2',
    ],
    ['no other cookie', fromAuthorizationHeader(), 'cookie', ['theme=dark'], 'theme=dark'],
    [
      'a subprotocol',
      fromSubprotocol(),
      protocol,
      ['chat,bearer.SECRET,v2'],
      'chat, bearer.REDACTED, v2',
    ],
    ['no other subprotocol', fromAuthorizationHeader(), protocol, ['chat,v2'], 'chat,v2'],
  ])('hides %s', (_what, extractor, name, values, value) => {
    const lines = values.map((each) => [name, each] as const);
    expect(shown([extractor], '/ws', lines).headers[name.toLowerCase()]).toBe(value);
  });

  it('hides all cookies and the named headers and parameters of fromRequest()', () => {
    const extractors = [
      fromRequest({ headers: ['X-Api-Key'], queryParams: ['key'] }),
      fromCookie('s'),
    ];
    const lines: HeaderLines = [
      ['X-API-KEY', 'SECRET'],
      ['Cookie', 'a=SECRET; s=SECRET'],
      ['Authorization', 'Digest response="SECRET"'],
    ];
    expect(shown(extractors, '/?key=SECRET&a=1', lines)).toMatchObject({
      url: '/?key=REDACTED&a=1',
      headers: { 'x-api-key': 'REDACTED', cookie: 'a=REDACTED; s=REDACTED' },
    });
  });

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
  ])('is hidden in %j', (values, value) => {
    const request = upgradeRequest(
      '/',
      values.map((each) => ['Sec-WebSocket-Protocol', each]),
    );
    redactRequest(request, redaction);
    expect(request.headers['sec-websocket-protocol']).toBe(value);
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
