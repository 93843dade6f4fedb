import { describe, expect, it } from 'vitest';
import { maxHeaderFields, parseHandshake } from '../../../lib/protocol/handshake.js';
import type { WsAuthDiagnosis } from '../../../lib/protocol/diagnosis.js';
import { Refusal } from '../../../lib/protocol/refusal.js';
import {
  handshakeLines,
  handshakeLinesWith,
  requestOf,
  type HeaderLines,
} from '../support/requests.js';

interface Refused {
  readonly diagnosis: WsAuthDiagnosis;
  readonly lines?: HeaderLines;
  readonly url?: string;
  readonly request?: object;
  readonly earlyBytes?: number;
}

const tooMany = Array.from({ length: maxHeaderFields }, (_, index) => [`X-${index}`, 'x'] as const);

const refused: readonly Refused[] = [
  { diagnosis: { check: 'header-count' }, lines: [...handshakeLines, ...tooMany] },
  { diagnosis: { check: 'http-version' }, request: { httpVersionMinor: 0 } },
  { diagnosis: { check: 'http-version' }, request: { httpVersionMajor: 2 } },
  { diagnosis: { check: 'method' }, request: { method: 'POST' } },
  ...['host', 'upgrade', 'authorization', 'sec-websocket-key', 'sec-websocket-version'].map(
    (field): Refused => ({
      diagnosis: { check: 'repeated-header', fields: [field] },
      lines: handshakeLinesWith({ [field]: ['secret', 'secret'] }),
    }),
  ),
  { diagnosis: { check: 'body' }, lines: handshakeLinesWith({ 'Content-Length': ['3'] }) },
  { diagnosis: { check: 'body' }, lines: handshakeLinesWith({ 'Transfer-Encoding': ['chunked'] }) },
  { diagnosis: { check: 'early-data' }, earlyBytes: 1 },
  { diagnosis: { check: 'upgrade' }, lines: handshakeLinesWith({ Upgrade: [] }) },
  { diagnosis: { check: 'upgrade' }, lines: handshakeLinesWith({ Upgrade: ['h2c'] }) },
  {
    diagnosis: { check: 'sec-websocket-version' },
    lines: handshakeLinesWith({ 'Sec-WebSocket-Version': ['8'] }),
  },
  { diagnosis: { check: 'connection' }, lines: handshakeLinesWith({ Connection: [] }) },
  { diagnosis: { check: 'connection' }, lines: handshakeLinesWith({ Connection: ['close'] }) },
  {
    diagnosis: { check: 'sec-websocket-key' },
    lines: handshakeLinesWith({ 'Sec-WebSocket-Key': ['secret'] }),
  },
  { diagnosis: { check: 'request-target' }, url: '//secret' },
  { diagnosis: { check: 'host' }, lines: handshakeLinesWith({ Host: [] }) },
  { diagnosis: { check: 'host' }, lines: handshakeLinesWith({ Host: ['secret/'] }) },
  { diagnosis: { check: 'host' }, url: 'http://secret.example/' },
  {
    diagnosis: { check: 'sec-websocket-protocol' },
    lines: handshakeLinesWith({ 'Sec-WebSocket-Protocol': ['secret, secret'] }),
  },
];

describe('a refused handshake', () => {
  it.each(refused)('K8j: names $diagnosis as what is wrong', (given) => {
    const { lines = handshakeLines, url = '/', request = {}, earlyBytes = 0 } = given;
    const parsed = parseHandshake(Object.assign(requestOf(url, lines), request), earlyBytes);
    expect(parsed).toBeInstanceOf(Refusal);
    expect((parsed as Refusal).diagnosis).toEqual(given.diagnosis);
  });
});
