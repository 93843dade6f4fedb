import { describe, expect, it } from 'vitest';
import {
  maxHeaderFields,
  parseHandshake,
  parseLaterRequest,
  parseRequest,
} from '../../../lib/protocol/handshake.js';
import { httpResponse } from '../../../lib/protocol/http-response.js';
import { Refusal } from '../../../lib/protocol/refusal.js';
import {
  handshakeLines,
  handshakeLinesWith,
  requestOf,
  upgradeRequest,
  type HeaderLines,
} from '../support/requests.js';

/** What a case changes of a good handshake. */
interface Changes {
  readonly url?: string | undefined;
  readonly lines?: HeaderLines;
  readonly request?: object;
  readonly earlyBytes?: number;
}

type Case = readonly [name: string, changes: Changes];

function parse({ url = '/ws', lines = handshakeLines, request = {}, earlyBytes = 0 }: Changes) {
  return parseHandshake(Object.assign(requestOf(url, lines), request), earlyBytes);
}

function refusalOf(changes: Changes): Refusal {
  const parsed = parse(changes);
  expect(parsed).toBeInstanceOf(Refusal);
  return parsed as Refusal;
}

/** The header field with these values instead of its own. */
function field(name: string, ...values: readonly string[]): Changes {
  return { lines: handshakeLinesWith({ [name]: values }) };
}

/** Lines behind the good ones. */
function behind(...lines: HeaderLines): Changes {
  return { lines: [...handshakeLines, ...lines] };
}

function version(httpVersionMajor: number, httpVersionMinor: number): Changes {
  const httpVersion = `${httpVersionMajor}.${httpVersionMinor}`;
  return { request: { httpVersion, httpVersionMajor, httpVersionMinor } };
}

const host = (...values: readonly string[]) => field('Host', ...values);
const key = (...values: readonly string[]) => field('Sec-WebSocket-Key', ...values);
const connection = (...values: readonly string[]) => field('Connection', ...values);
const protocols = (...values: readonly string[]) => field('Sec-WebSocket-Protocol', ...values);
const zeros = (bytes: number) => Buffer.alloc(bytes).toString('base64');
const authorizations = (...values: readonly string[]) => field('Authorization', ...values);

const malformed: readonly Case[] = [
  ['HS-01: without Host', host()],
  ['HS-01: with an empty Host', host('')],
  ['HS-02: with two Host lines', host('a', 'b')],
  ['HS-02: with the same Host twice', host('a', 'a')],
  ['HS-02: with two Host lines of different case', behind(['hOST', 'b'])],
  ['with user information in Host', host('u@gateway')],
  ['with a path in Host', host('gateway/ws')],
  ['with a backslash in Host', host('gateway\\ws')],
  ['with a query in Host', host('gateway?x')],
  ['with a fragment in Host', host('gateway#x')],
  ['with a space in Host', host('a b')],
  ['with a tab in Host', host('a\tb')],
  ['with a line break in Host', host('gateway\n')],
  ['with a scheme in Host', host('http://gateway')],
  ['with a port that is not a number', host('gateway:http')],
  ['with a port of six digits', host('gateway:100000')],
  ['with two ports', host('gateway:80:80')],
  ['with a bare IPv6 address as Host', host('::1')],
  ['with an open bracket in Host', host('[::1')],
  ['with a zone in an IPv6 Host', host('[fe80::1%25lo]')],
  ['with Latin-1 in Host', host('münchen.example')],
  ['HS-04: for a target of another host', { url: 'http://evil.example/ws?token=good' }],
  ['HS-04: for a target of another port', { url: 'http://gateway.example:3001/ws' }],
  ['HS-04: for a target with user information', { url: 'http://u:p@gateway.example:3000/ws' }],
  ['HS-04: for a target of another scheme', { url: 'ftp://gateway.example/ws' }],
  ['HS-06: for a target that starts with an authority', { url: '//evil.example/ws' }],
  [
    'HS-06: for an absolute form whose path starts with an authority',
    { url: 'http://gateway.example:3000//evil.example/ws' },
  ],
  ['HS-07: for the target //', { url: '//' }],
  ['HS-07: for the target //a:99999/ws', { url: '//a:99999/ws' }],
  ['HS-11: for a target with a fragment', { url: '/ws#frag?token=x' }],
  ['for an asterisk as target', { url: '*' }],
  ['for an empty target', { url: '' }],
  ['for a target that Node does not name', { request: { url: undefined } }],
  ['for a relative target', { url: 'ws' }],
  ['for an authority as target', { url: 'gateway.example:3000' }],
  ['HS-13: over HTTP/1.0', version(1, 0)],
  ['HS-13: over HTTP/0.9', version(0, 9)],
  ['over HTTP/2', version(2, 0)],
  ['with two Upgrade lines', behind(['upgrade', 'websocket'])],
  ['without Connection', connection()],
  ['with Connection: close', connection('close')],
  ['with Connection: upgraded', connection('upgraded')],
  ['with an upgrade that is a part of another option', connection('keep-alive, no-upgrade')],
  ['HS-20: without a key', key()],
  ['HS-20: with an empty key', key('')],
  ['HS-20: with a key of 15 bytes', key(zeros(15))],
  ['HS-20: with a key of 17 bytes', key(zeros(17))],
  ['HS-20: with a key in base64url', key('dGhlIHNhbXBsZSBub2-_ZQ==')],
  ['HS-20: with a key without padding', key('dGhlIHNhbXBsZSBub25jZQ')],
  ['HS-20: with two keys', behind(['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='])],
  ['with two versions', behind(['sec-websocket-version', '13'])],
  ['HS-21: with Content-Length: 5', behind(['Content-Length', '5'])],
  ['HS-21: with an empty length', behind(['Content-Length', ''])],
  ['HS-21: with Content-Length: 00', behind(['Content-Length', '00'])],
  ['HS-21: with Content-Length: +0', behind(['Content-Length', '+0'])],
  ['HS-21: with two lengths, the first of them 0', field('Content-Length', '0', '5')],
  ['HS-22: with a chunked body', behind(['Transfer-Encoding', 'chunked'])],
  ['HS-22: with any transfer encoding', behind(['transfer-encoding', 'identity'])],
  [
    'HS-22: with both kinds of body',
    behind(['Content-Length', '0'], ['Transfer-Encoding', 'chunked']),
  ],
  ['HS-24: with bytes behind it before the 101', { earlyBytes: 1 }],
  ['AH-01: with two Authorization lines', authorizations('Basic YTpi', 'Bearer x')],
  ['AH-01: with an empty Authorization before another', authorizations('', 'Bearer x')],
  [
    'AH-01: with the same Authorization twice',
    behind(['Authorization', 'Bearer x'], ['authorization', 'Bearer x']),
  ],
  ['SP-05: with a subprotocol twice', protocols('a,a')],
  ['SP-05: with an empty list of subprotocols', protocols('')],
  ['SP-05: with an empty subprotocol', protocols('a,,b')],
  ['SP-05: with a trailing comma', protocols('a,')],
  ['SP-05: with a space in a subprotocol', protocols('a b')],
  ['SP-05: with a quoted subprotocol', protocols('"a"')],
  ['SP-05: with a slash in a subprotocol', protocols('a/b')],
  ['SP-05: with a Latin-1 subprotocol', protocols('é')],
  ['SP-07: with the padding of base64 in a subprotocol', protocols('chat, bearer.abc=')],
  ['SP-03: with a subprotocol twice, on two lines', protocols('chat, bearer.x', 'bearer.x')],
];

describe('a handshake is refused with 400', () => {
  it.each(malformed)('%s', (_name, changes) => {
    const refusal = refusalOf(changes);
    expect(refusal).toMatchObject({
      code: 'ERR_WS_AUTH_MALFORMED_HANDSHAKE',
      httpStatus: 400,
      closeCode: 3000,
      reason: 'malformed handshake',
      challenges: [],
    });
    expect(httpResponse(refusal)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n/);
  });
});

const upgrade = (...values: readonly string[]) => field('Upgrade', ...values);
const versions = ['12', '', '0xd', '13.0', '1.3e1', '013', '+13', '13, 8', '14', '13;', 'thirteen'];
const draftOrigin = ['Sec-WebSocket-Origin', 'https://good.example'] as const;
const draft = [...field('Sec-WebSocket-Version', '8').lines!, draftOrigin];

const upgradeRequired: readonly Case[] = [
  ['HS-14: for the protocol h2c', upgrade('h2c')],
  ['HS-15: for a list of protocols', upgrade('websocket, h2c')],
  ['without Upgrade', upgrade()],
  ['for a protocol that contains websocket', upgrade('websockets')],
  ['for a version of the protocol', upgrade('websocket/13')],
  ['HS-18: for version 8 with a draft origin', { lines: draft }],
  ['HS-17: without a version', field('Sec-WebSocket-Version')],
  ...versions.map((each): Case => [
    `HS-17: for version "${each}"`,
    field('Sec-WebSocket-Version', each),
  ]),
];

describe('a handshake is refused with 426 and the version we speak', () => {
  it.each(upgradeRequired)('%s', (_name, changes) => {
    const refusal = refusalOf(changes);
    expect(refusal).toMatchObject({ code: 'ERR_WS_AUTH_UPGRADE_REQUIRED', httpStatus: 426 });
    const response = httpResponse(refusal);
    expect(response).toMatch(/^HTTP\/1\.1 426 Upgrade Required\r\n/);
    expect(response).toContain('\r\nConnection: Upgrade, close\r\n');
    expect(response).toContain('\r\nUpgrade: websocket\r\n');
    expect(response).toContain('\r\nSec-WebSocket-Version: 13\r\n');
  });
});

describe('a handshake is refused with 405 and Allow', () => {
  it.each(['POST', 'PUT', 'HEAD', 'CONNECT', 'OPTIONS', 'get', '', undefined])(
    'for the method %s',
    (method) => {
      const refusal = refusalOf({ request: { method } });
      expect(refusal).toMatchObject({ code: 'ERR_WS_AUTH_METHOD_NOT_ALLOWED', httpStatus: 405 });
      expect(httpResponse(refusal)).toContain('\r\nAllow: GET\r\n');
    },
  );
});

const filler = (count: number): HeaderLines =>
  Array.from({ length: count }, (_, index) => [`X-${index}`, 'y'] as const);

describe('the number of header fields', () => {
  it('HS-33: is refused with 431 over the limit, whatever stands behind it', () => {
    const lines = [
      ...handshakeLines,
      ...filler(2_100),
      ['Origin', 'https://evil.example'] as const,
    ];
    expect(refusalOf({ lines })).toMatchObject({
      code: 'ERR_WS_AUTH_TOO_MANY_HEADERS',
      httpStatus: 431,
      reason: 'too many header fields',
    });
  });

  it('HS-33: may reach the limit and not pass it', () => {
    const full = filler(maxHeaderFields - handshakeLines.length);
    expect(parse({ lines: [...handshakeLines, ...full] })).not.toBeInstanceOf(Refusal);
    const over = [...handshakeLines, ...full, ['Origin', 'https://evil.example'] as const];
    expect(refusalOf({ lines: over }).code).toBe('ERR_WS_AUTH_TOO_MANY_HEADERS');
  });

  it('HS-33: is judged before anything else, since nothing behind it can be believed', () => {
    const lines = filler(maxHeaderFields + 1);
    expect(refusalOf({ lines, earlyBytes: 9 }).httpStatus).toBe(431);
  });
});

describe('a handshake is accepted', () => {
  it('with everything the credentials are read from', () => {
    const request = upgradeRequest('/ws?token=x', [
      ['Origin', 'https://app.example'],
      ['Authorization', 'Bearer abc'],
      ['Cookie', 'a=1'],
      ['cookie', 'b=2'],
      ['Sec-WebSocket-Protocol', 'chat , superchat'],
      ['sec-websocket-protocol', 'v2'],
    ]);
    expect(parseHandshake(request, 0)).toEqual({
      target: { path: '/ws', query: 'token=x', authority: undefined },
      host: 'gateway.example:3000',
      origin: 'https://app.example',
      authorization: 'Bearer abc',
      cookie: 'a=1; b=2',
      subprotocols: ['chat', 'superchat', 'v2'],
    });
  });

  it('with nothing but what it must have', () => {
    expect(parseHandshake(upgradeRequest('/'), 0)).toEqual({
      target: { path: '/', query: '', authority: undefined },
      host: 'gateway.example:3000',
      origin: undefined,
      authorization: undefined,
      cookie: undefined,
      subprotocols: [],
    });
  });

  const nameOfPrototype = [
    ['__proto__', 'x'],
    ['constructor', 'y'],
    ['constructor', 'z'],
    ['hasOwnProperty', 'w'],
  ] as const;

  it.each<Case>([
    [
      'HS-04: for an absolute-form target of its own host',
      { url: 'HTTP://Gateway.Example:3000/ws' },
    ],
    ['for an absolute-form target without a path', { url: 'ws://gateway.example:3000' }],
    ['HS-08: with the path as sent, for the router to refuse', { url: '/x/%2e%2e/ws' }],
    ['with Content-Length: 0', behind(['Content-Length', '0'])],
    ['for Upgrade: WebSocket', upgrade('WebSocket')],
    ['for Connection: keep-alive, Upgrade', connection('keep-alive, Upgrade')],
    ['for Connection on two lines', connection('keep-alive', 'UPGRADE')],
    ['for an IPv6 host with a port', host('[::1]:8080')],
    ['for an IPv6 host', host('[2001:db8::1]')],
    ['for an IPv4 host', host('127.0.0.1:80')],
    ['for a host with an underscore', host('my_host')],
    [
      'HS-35: with hostile extensions, which it does not read',
      field('Sec-WebSocket-Extensions', 'constructor, ;__proto__'),
    ],
    ['with header names of Object.prototype', behind(...nameOfPrototype)],
  ])('%s', (_name, changes) => {
    expect(parse(changes)).not.toBeInstanceOf(Refusal);
  });
});

describe('the origin of a handshake', () => {
  it('HS-18: is never read from Sec-WebSocket-Origin', () => {
    const request = upgradeRequest('/', [['Sec-WebSocket-Origin', 'https://good.example']]);
    expect(parseHandshake(request, 0)).toMatchObject({ origin: undefined });
  });

  it('OR-10: joins two of them, so that they match nothing', () => {
    const request = upgradeRequest('/', [
      ['Origin', 'https://good.example'],
      ['Origin', 'https://evil.example'],
    ]);
    expect(parseHandshake(request, 0)).toMatchObject({
      origin: 'https://good.example, https://evil.example',
    });
  });

  it('is kept when it is empty, since empty is not absent', () => {
    expect(parseHandshake(upgradeRequest('/', [['Origin', '']]), 0)).toMatchObject({ origin: '' });
  });
});

describe('a plain GET that opens a connection', () => {
  const lines = handshakeLinesWith({
    Upgrade: [],
    Connection: [],
    'Sec-WebSocket-Key': [],
    'Sec-WebSocket-Version': [],
  });

  it('is read without the fields of an upgrade', () => {
    expect(parseRequest(requestOf('/socket.io/?EIO=4', lines))).toMatchObject({
      target: { path: '/socket.io/', query: 'EIO=4' },
    });
  });

  it.each([
    ['a repeated Host', { lines: [...lines, ['Host', 'b']] as HeaderLines }],
    ['a body', { lines: [...lines, ['Content-Length', '3']] as HeaderLines }],
    ['another method', { request: { method: 'POST' } }],
    ['no Host', { lines: [] as HeaderLines }],
    ['a path with two slashes', { url: '//socket.io/' }],
  ])('is refused with %s', (_what, given: Changes) => {
    const { url = '/socket.io/', lines: sent = lines, request = {} } = given;
    expect(parseRequest(Object.assign(requestOf(url, sent), request))).toBeInstanceOf(Refusal);
  });

  it('is refused with more header fields than Node reads', () => {
    const many = Array.from({ length: maxHeaderFields + 1 }, (_, index) => [`X-${index}`, '1']);
    expect(parseRequest(requestOf('/', many as unknown as HeaderLines))).toMatchObject({
      httpStatus: 431,
    });
  });
});

describe('a later request of a connection', () => {
  it('may have any method and a body', () => {
    const lines: HeaderLines = [
      ['Host', 'a'],
      ['Content-Length', '3'],
    ];
    const post = Object.assign(requestOf('/socket.io/?sid=a', lines), { method: 'POST' });
    expect(parseLaterRequest(post)).toMatchObject({ host: 'a', target: { query: 'sid=a' } });
  });

  it('is refused where it states two things', () => {
    const repeated = requestOf('/socket.io/?sid=a', [
      ['Host', 'a'],
      ['Host', 'b'],
    ]);
    expect(parseLaterRequest(repeated)).toBeInstanceOf(Refusal);
  });
});
