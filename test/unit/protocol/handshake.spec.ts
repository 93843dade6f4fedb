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

interface RefusedCase {
  readonly name: string;
  readonly url?: string;
  readonly lines?: HeaderLines;
  readonly request?: object;
  readonly earlyBytes?: number;
}

function parse({ url = '/ws', lines = handshakeLines, request = {}, earlyBytes = 0 }: RefusedCase) {
  return parseHandshake(Object.assign(requestOf(url, lines), request), earlyBytes);
}

function refusalOf(given: RefusedCase): Refusal {
  const parsed = parse(given);
  expect(parsed).toBeInstanceOf(Refusal);
  return parsed as Refusal;
}

const malformed: readonly RefusedCase[] = [
  { name: 'HS-01: without Host', lines: handshakeLinesWith({ Host: [] }) },
  { name: 'HS-01: with an empty Host', lines: handshakeLinesWith({ Host: [''] }) },
  { name: 'HS-02: with two Host lines', lines: handshakeLinesWith({ Host: ['a', 'b'] }) },
  { name: 'HS-02: with the same Host twice', lines: handshakeLinesWith({ Host: ['a', 'a'] }) },
  {
    name: 'HS-02: with two Host lines of different case',
    lines: [...handshakeLinesWith({ Host: ['a'] }), ['hOST', 'b']],
  },
  { name: 'with user information in Host', lines: handshakeLinesWith({ Host: ['u@gateway'] }) },
  { name: 'with a path in Host', lines: handshakeLinesWith({ Host: ['gateway/ws'] }) },
  { name: 'with a backslash in Host', lines: handshakeLinesWith({ Host: ['gateway\\ws'] }) },
  { name: 'with a query in Host', lines: handshakeLinesWith({ Host: ['gateway?x'] }) },
  { name: 'with a fragment in Host', lines: handshakeLinesWith({ Host: ['gateway#x'] }) },
  { name: 'with a space in Host', lines: handshakeLinesWith({ Host: ['a b'] }) },
  { name: 'with a tab in Host', lines: handshakeLinesWith({ Host: ['a\tb'] }) },
  { name: 'with a line break in Host', lines: handshakeLinesWith({ Host: ['gateway\n'] }) },
  { name: 'with a scheme in Host', lines: handshakeLinesWith({ Host: ['http://gateway'] }) },
  {
    name: 'with a port that is not a number',
    lines: handshakeLinesWith({ Host: ['gateway:http'] }),
  },
  { name: 'with a port of six digits', lines: handshakeLinesWith({ Host: ['gateway:100000'] }) },
  { name: 'with two ports', lines: handshakeLinesWith({ Host: ['gateway:80:80'] }) },
  { name: 'with a bare IPv6 address as Host', lines: handshakeLinesWith({ Host: ['::1'] }) },
  { name: 'with an open bracket in Host', lines: handshakeLinesWith({ Host: ['[::1'] }) },
  { name: 'with a zone in an IPv6 Host', lines: handshakeLinesWith({ Host: ['[fe80::1%25lo]'] }) },
  { name: 'with Latin-1 in Host', lines: handshakeLinesWith({ Host: ['münchen.example'] }) },
  {
    name: 'HS-04: for an absolute-form target of another host',
    url: 'http://evil.example/ws?token=good',
  },
  {
    name: 'HS-04: for an absolute-form target of another port',
    url: 'http://gateway.example:3001/ws',
  },
  {
    name: 'HS-04: for an absolute-form target with user information',
    url: 'http://user:secret@gateway.example:3000/ws',
  },
  { name: 'HS-04: for an absolute-form target of another scheme', url: 'ftp://gateway.example/ws' },
  { name: 'HS-06: for a target that starts with an authority', url: '//evil.example/ws' },
  {
    name: 'HS-06: for an absolute form whose path starts with an authority',
    url: 'http://gateway.example:3000//evil.example/ws',
  },
  { name: 'HS-07: for the target //', url: '//' },
  { name: 'HS-07: for the target //a:99999/ws', url: '//a:99999/ws' },
  { name: 'HS-11: for a target with a fragment', url: '/ws#frag?token=x' },
  { name: 'for an asterisk as target', url: '*' },
  { name: 'for an empty target', url: '' },
  { name: 'for a target that Node does not name', request: { url: undefined } },
  { name: 'for a relative target', url: 'ws' },
  { name: 'for an authority as target', url: 'gateway.example:3000' },
  {
    name: 'HS-13: over HTTP/1.0',
    request: { httpVersion: '1.0', httpVersionMajor: 1, httpVersionMinor: 0 },
  },
  {
    name: 'HS-13: over HTTP/0.9',
    request: { httpVersion: '0.9', httpVersionMajor: 0, httpVersionMinor: 9 },
  },
  {
    name: 'over HTTP/2',
    request: { httpVersion: '2.0', httpVersionMajor: 2, httpVersionMinor: 0 },
  },
  { name: 'with two Upgrade lines', lines: [...handshakeLines, ['upgrade', 'websocket']] },
  { name: 'without Connection', lines: handshakeLinesWith({ Connection: [] }) },
  { name: 'with Connection: close', lines: handshakeLinesWith({ Connection: ['close'] }) },
  { name: 'with Connection: upgraded', lines: handshakeLinesWith({ Connection: ['upgraded'] }) },
  {
    name: 'with an upgrade that is a part of another option',
    lines: handshakeLinesWith({ Connection: ['keep-alive, no-upgrade'] }),
  },
  { name: 'HS-20: without a key', lines: handshakeLinesWith({ 'Sec-WebSocket-Key': [] }) },
  { name: 'HS-20: with an empty key', lines: handshakeLinesWith({ 'Sec-WebSocket-Key': [''] }) },
  {
    name: 'HS-20: with a key of 15 bytes',
    lines: handshakeLinesWith({ 'Sec-WebSocket-Key': [Buffer.alloc(15).toString('base64')] }),
  },
  {
    name: 'HS-20: with a key of 17 bytes',
    lines: handshakeLinesWith({ 'Sec-WebSocket-Key': [Buffer.alloc(17).toString('base64')] }),
  },
  {
    name: 'HS-20: with a key in base64url',
    lines: handshakeLinesWith({ 'Sec-WebSocket-Key': ['dGhlIHNhbXBsZSBub2-_ZQ=='] }),
  },
  {
    name: 'HS-20: with a key without padding',
    lines: handshakeLinesWith({ 'Sec-WebSocket-Key': ['dGhlIHNhbXBsZSBub25jZQ'] }),
  },
  {
    name: 'HS-20: with two keys',
    lines: [...handshakeLines, ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==']],
  },
  {
    name: 'with two versions',
    lines: [...handshakeLines, ['sec-websocket-version', '13']],
  },
  { name: 'HS-21: with Content-Length: 5', lines: [...handshakeLines, ['Content-Length', '5']] },
  { name: 'HS-21: with an empty length', lines: [...handshakeLines, ['Content-Length', '']] },
  { name: 'HS-21: with Content-Length: 00', lines: [...handshakeLines, ['Content-Length', '00']] },
  { name: 'HS-21: with Content-Length: +0', lines: [...handshakeLines, ['Content-Length', '+0']] },
  {
    name: 'HS-21: with two lengths, the first of them 0',
    lines: [...handshakeLines, ['Content-Length', '0'], ['Content-Length', '5']],
  },
  {
    name: 'HS-22: with a chunked body',
    lines: [...handshakeLines, ['Transfer-Encoding', 'chunked']],
  },
  {
    name: 'HS-22: with any transfer encoding',
    lines: [...handshakeLines, ['transfer-encoding', 'identity']],
  },
  {
    name: 'HS-22: with both kinds of body',
    lines: [...handshakeLines, ['Content-Length', '0'], ['Transfer-Encoding', 'chunked']],
  },
  { name: 'HS-24: with bytes behind it before the 101', earlyBytes: 1 },
  {
    name: 'AH-01: with two Authorization lines',
    lines: [...handshakeLines, ['Authorization', 'Basic YTpi'], ['Authorization', 'Bearer x']],
  },
  {
    name: 'AH-01: with the same Authorization twice',
    lines: [...handshakeLines, ['Authorization', 'Bearer x'], ['authorization', 'Bearer x']],
  },
  {
    name: 'AH-01: with an empty Authorization before another',
    lines: [...handshakeLines, ['Authorization', ''], ['Authorization', 'Bearer x']],
  },
  ...[
    ['SP-05: with a subprotocol twice', 'a,a'],
    ['SP-05: with an empty list of subprotocols', ''],
    ['SP-05: with an empty subprotocol', 'a,,b'],
    ['SP-05: with a trailing comma', 'a,'],
    ['SP-05: with a space in a subprotocol', 'a b'],
    ['SP-05: with a quoted subprotocol', '"a"'],
    ['SP-05: with a slash in a subprotocol', 'a/b'],
    ['SP-05: with a Latin-1 subprotocol', 'é'],
    ['SP-07: with the padding of base64 in a subprotocol', 'chat, bearer.abc='],
  ].map(([name = '', value = '']) => ({
    name,
    lines: [...handshakeLines, ['Sec-WebSocket-Protocol', value] as const],
  })),
  {
    name: 'SP-03: with a subprotocol twice, on two lines',
    lines: [
      ...handshakeLines,
      ['Sec-WebSocket-Protocol', 'chat, bearer.x'],
      ['sec-websocket-protocol', 'bearer.x'],
    ],
  },
];

describe('a handshake is refused with 400', () => {
  for (const given of malformed) {
    it(given.name, () => {
      const refusal = refusalOf(given);
      expect(refusal).toMatchObject({
        code: 'ERR_WS_AUTH_MALFORMED_HANDSHAKE',
        httpStatus: 400,
        closeCode: 3000,
        reason: 'malformed handshake',
        challenges: [],
      });
      expect(httpResponse(refusal)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n/);
    });
  }
});

const upgradeRequired: readonly RefusedCase[] = [
  { name: 'HS-14: for the protocol h2c', lines: handshakeLinesWith({ Upgrade: ['h2c'] }) },
  {
    name: 'HS-15: for a list of protocols',
    lines: handshakeLinesWith({ Upgrade: ['websocket, h2c'] }),
  },
  { name: 'without Upgrade', lines: handshakeLinesWith({ Upgrade: [] }) },
  {
    name: 'for a protocol that contains websocket',
    lines: handshakeLinesWith({ Upgrade: ['websockets'] }),
  },
  {
    name: 'for a version of the protocol',
    lines: handshakeLinesWith({ Upgrade: ['websocket/13'] }),
  },
  {
    name: 'HS-18: for version 8 with a draft origin',
    lines: handshakeLinesWith({
      'Sec-WebSocket-Version': ['8'],
      'Sec-WebSocket-Origin': ['https://good.example'],
    }),
  },
  {
    name: 'HS-17: without a version',
    lines: handshakeLinesWith({ 'Sec-WebSocket-Version': [] }),
  },
  ...['12', '', '0xd', '13.0', '1.3e1', '013', '+13', '13, 8', '14', '13;', 'thirteen'].map(
    (version) => ({
      name: `HS-17: for version ${JSON.stringify(version)}`,
      lines: handshakeLinesWith({ 'Sec-WebSocket-Version': [version] }),
    }),
  ),
];

describe('a handshake is refused with 426 and the version we speak', () => {
  for (const given of upgradeRequired) {
    it(given.name, () => {
      const refusal = refusalOf(given);
      expect(refusal).toMatchObject({ code: 'ERR_WS_AUTH_UPGRADE_REQUIRED', httpStatus: 426 });
      const response = httpResponse(refusal);
      expect(response).toMatch(/^HTTP\/1\.1 426 Upgrade Required\r\n/);
      expect(response).toContain('\r\nConnection: Upgrade, close\r\n');
      expect(response).toContain('\r\nUpgrade: websocket\r\n');
      expect(response).toContain('\r\nSec-WebSocket-Version: 13\r\n');
    });
  }
});

describe('a handshake is refused with 405 and Allow', () => {
  it.each(['POST', 'PUT', 'HEAD', 'CONNECT', 'OPTIONS', 'get', '', undefined])(
    'for the method %s',
    (method) => {
      const refusal = refusalOf({ name: '', request: { method } });
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
    expect(refusalOf({ name: '', lines })).toMatchObject({
      code: 'ERR_WS_AUTH_TOO_MANY_HEADERS',
      httpStatus: 431,
      reason: 'too many header fields',
    });
  });

  it('HS-33: may reach the limit and not pass it', () => {
    const full = filler(maxHeaderFields - handshakeLines.length);
    expect(parse({ name: '', lines: [...handshakeLines, ...full] })).not.toBeInstanceOf(Refusal);
    const over = [...handshakeLines, ...full, ['Origin', 'https://evil.example'] as const];
    expect(refusalOf({ name: '', lines: over }).code).toBe('ERR_WS_AUTH_TOO_MANY_HEADERS');
  });

  it('HS-33: is judged before anything else, since nothing behind it can be believed', () => {
    const lines = filler(maxHeaderFields + 1);
    expect(refusalOf({ name: '', lines, earlyBytes: 9 }).httpStatus).toBe(431);
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

  const accepted: readonly RefusedCase[] = [
    {
      name: 'HS-04: for an absolute-form target of its own host',
      url: 'HTTP://Gateway.Example:3000/ws',
    },
    { name: 'for an absolute-form target without a path', url: 'ws://gateway.example:3000' },
    { name: 'HS-08: with the path as sent, for the router to refuse', url: '/x/%2e%2e/ws' },
    { name: 'with Content-Length: 0', lines: [...handshakeLines, ['Content-Length', '0']] },
    { name: 'for Upgrade: WebSocket', lines: handshakeLinesWith({ Upgrade: ['WebSocket'] }) },
    {
      name: 'for Connection: keep-alive, Upgrade',
      lines: handshakeLinesWith({ Connection: ['keep-alive, Upgrade'] }),
    },
    {
      name: 'for Connection on two lines',
      lines: handshakeLinesWith({ Connection: ['keep-alive', 'UPGRADE'] }),
    },
    { name: 'for an IPv6 host with a port', lines: handshakeLinesWith({ Host: ['[::1]:8080'] }) },
    { name: 'for an IPv6 host', lines: handshakeLinesWith({ Host: ['[2001:db8::1]'] }) },
    { name: 'for an IPv4 host', lines: handshakeLinesWith({ Host: ['127.0.0.1:80'] }) },
    { name: 'for a host with an underscore', lines: handshakeLinesWith({ Host: ['my_host'] }) },
    {
      name: 'HS-35: with hostile extensions, which it does not read',
      lines: [...handshakeLines, ['Sec-WebSocket-Extensions', 'constructor, ;__proto__']],
    },
    {
      name: 'with header names of Object.prototype',
      lines: [
        ...handshakeLines,
        ['__proto__', 'x'],
        ['constructor', 'y'],
        ['constructor', 'z'],
        ['hasOwnProperty', 'w'],
      ],
    },
  ];

  for (const given of accepted) {
    it(given.name, () => {
      expect(parse(given)).not.toBeInstanceOf(Refusal);
    });
  }
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
  ])('is refused with %s', (_what, given: Partial<RefusedCase>) => {
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
    const post = Object.assign(
      requestOf('/socket.io/?sid=a', [
        ['Host', 'a'],
        ['Content-Length', '3'],
      ]),
      {
        method: 'POST',
      },
    );
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
