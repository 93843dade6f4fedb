import { describe, expect, it } from 'vitest';
import { fromAuthorizationHeader } from '../../../lib/credentials/authorization-header.extractor.js';
import { fromCookie } from '../../../lib/credentials/cookie.extractor.js';
import type { HandshakeExtractor } from '../../../lib/credentials/extractor.js';
import { findCredential } from '../../../lib/credentials/find-credential.js';
import { fromFirstMessage } from '../../../lib/credentials/first-message.extractor.js';
import { fromQueryParam } from '../../../lib/credentials/query-param.extractor.js';
import { fromSubprotocol } from '../../../lib/credentials/subprotocol.extractor.js';
import { fromUserInfo } from '../../../lib/credentials/user-info.extractor.js';
import type { WsAuthCheck, WsAuthDiagnosis } from '../../../lib/protocol/diagnosis.js';
import { Refusal } from '../../../lib/protocol/refusal.js';
import { base64, limits, type Found } from '../support/credentials.js';
import { handshakeOf, type HeaderLines } from '../support/requests.js';

function diagnosisOf(found: Found): WsAuthDiagnosis {
  expect(found).toBeInstanceOf(Refusal);
  return (found as Refusal).diagnosis;
}

function find(
  extractors: HandshakeExtractor | HandshakeExtractor[],
  url = '/',
  lines: HeaderLines = [],
) {
  return diagnosisOf(findCredential([extractors].flat(), handshakeOf(url, lines), limits));
}

const header = (value: string): HeaderLines => [['Authorization', value]];
const cookies = (value: string): HeaderLines => [['Cookie', value]];
const protocols = (value: string): HeaderLines => [['Sec-WebSocket-Protocol', value]];
const long = 'a'.repeat(9_000);

/** A token as clients wrongly write it, and the check that names the mistake. */
const mistakes: readonly (readonly [string, WsAuthCheck])[] = [
  ['abc.def ', 'token-whitespace'],
  ['abc.def\n', 'token-whitespace'],
  ['abc.def\r\n', 'token-whitespace'],
  ['\tabc.def', 'token-whitespace'],
  ['Bearer abc.def', 'token-scheme'],
  ['bearer  abc.def', 'token-scheme'],
  ['JWT abc.def', 'token-scheme'],
  ['Token abc', 'token-scheme'],
  ['"abc.def"', 'token-quotes'],
  ["'abc'", 'token-quotes'],
  ['abc def', 'token-syntax'],
  ['a,b', 'token-syntax'],
  ['{"alg":"HS256"}', 'token-syntax'],
  ['[object Object]', 'token-syntax'],
];

describe('a token that is not written as one', () => {
  it('K8n: is named where it is empty', () => {
    const text = JSON.stringify({ event: 'authenticate', data: { token: '' } });
    const read = fromFirstMessage().read(text, 'authenticate', limits);
    expect(diagnosisOf(read)).toMatchObject({ check: 'token-empty' });
    expect(find(fromAuthorizationHeader(), '/', header('Bearer '))).toMatchObject({
      check: 'token-empty',
    });
  });

  it.each(mistakes)('K8n: is named, wherever it stands: %j is %s', (token, check) => {
    const escaped = encodeURIComponent(token);
    expect(find(fromQueryParam('t'), `/?t=${escaped}`)).toEqual({
      check,
      extractor: 'fromQueryParam',
    });
    expect(find(fromCookie('s'), '/', cookies(`s=${escaped}`))).toEqual({
      check,
      extractor: 'fromCookie',
    });
    const raw = fromFirstMessage({ format: 'raw' }).read(token, 'authenticate', limits);
    expect(diagnosisOf(raw)).toEqual({ check, extractor: 'fromFirstMessage' });
    const message = JSON.stringify({ event: 'authenticate', data: { token, device: 'x' } });
    expect(diagnosisOf(fromFirstMessage().read(message, 'authenticate', limits))).toEqual({
      check,
      extractor: 'fromFirstMessage',
      fields: ['token', 'device'],
    });
    const subprotocol = `chat, bearer.${Buffer.from(token).toString('base64url')}`;
    expect(find(fromSubprotocol({ encoding: 'base64url' }), '/', protocols(subprotocol))).toEqual({
      check,
      extractor: 'fromSubprotocol',
    });
  });

  it('K8n: is named in a header, and in user information', () => {
    expect(find(fromAuthorizationHeader(), '/', header('Bearer Bearer abc'))).toMatchObject({
      check: 'token-scheme',
    });
    expect(find(fromUserInfo(), '/', header(`Basic ${base64('"abc":')}`))).toMatchObject({
      check: 'token-quotes',
    });
  });
});

describe('a handshake without one usable credential', () => {
  it.each<[HandshakeExtractor, string, HeaderLines, WsAuthCheck]>([
    [fromAuthorizationHeader(), '/', header(`Bearer ${long}`), 'size'],
    [fromAuthorizationHeader(), '/', header('abc.def.ghi'), 'scheme'],
    [fromAuthorizationHeader(), '/', header('Digest abc'), 'scheme'],
    [fromAuthorizationHeader({ schemes: ['Bearer'] }), '/', header('Basic YTpi'), 'scheme'],
    [fromAuthorizationHeader(), '/', header('Basic !'), 'basic'],
    [fromUserInfo(), '/', header('Basic !'), 'basic'],
    [fromUserInfo(), '/', header(`Basic ${base64(':x')}`), 'basic'],
    [fromUserInfo(), '/', header(`Basic ${base64('abc:secret')}`), 'password'],
    [fromQueryParam('t'), `/?t=${long}`, [], 'size'],
    [fromQueryParam('t'), '/?t=a&t=b', [], 'token-repeated'],
    [fromQueryParam('t'), '/?t=%zz', [], 'token-encoding'],
    [fromCookie('s'), '/', cookies('s=a; s=b'), 'token-repeated'],
    [fromSubprotocol(), '/', protocols('bearer.a'), 'subprotocol-alone'],
    [fromSubprotocol(), '/', protocols('chat, bearer.a, bearer.b'), 'token-repeated'],
    [fromSubprotocol({ after: 'bearer' }), '/', protocols('bearer'), 'subprotocol-alone'],
    [fromSubprotocol({ after: 'bearer' }), '/', protocols('abc, bearer'), 'token-empty'],
    [
      fromSubprotocol({ encoding: 'base64url' }),
      '/',
      protocols('chat, bearer.a!'),
      'token-encoding',
    ],
  ])('K8n: %o names the check that it fails', (extractor, url, lines, check) => {
    expect(find(extractor, url, lines)).toEqual({ check, extractor: extractor.name });
  });

  it.each([
    [
      [fromQueryParam('t'), fromAuthorizationHeader()],
      header('Bearer b'),
      'fromQueryParam+fromAuthorizationHeader',
    ],
    [[fromCookie('a'), fromCookie('b')], cookies('a=x; b=y'), 'fromCookie+fromCookie'],
  ])('K8n: names both extractors that found one', (extractors, lines, extractor) => {
    expect(find(extractors, '/?t=a', lines)).toEqual({ check: 'several-credentials', extractor });
  });
});

describe('a first message without a credential', () => {
  it.each<[unknown, WsAuthCheck, string[] | undefined]>([
    ['hello', 'json', undefined],
    [[1], 'json', undefined],
    [{ type: 'auth', token: 'secret' }, 'event', ['type', 'token']],
    [{ event: 'hello', data: {} }, 'event', ['event', 'data']],
    [{ event: 7, data: {} }, 'event', ['event', 'data']],
    [{ event: 'authenticate', token: 'secret' }, 'data', ['event', 'token']],
    [{ event: 'authenticate', data: 'secret' }, 'data', ['event', 'data']],
    [{ event: 'authenticate', data: {} }, 'no-credential', []],
    [{ event: 'authenticate', data: { token: 7, x: 1 } }, 'token-type', ['token', 'x']],
    [{ event: 'authenticate', data: { token: 'a'.repeat(8_200) } }, 'size', undefined],
    [{ event: 'authenticate', data: { token: 'x', more: long } }, 'size', undefined],
  ])('K8p: %j names its fields', (message, check, fields) => {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    const diagnosis = diagnosisOf(fromFirstMessage().read(text, 'authenticate', limits));
    const expected = { check, extractor: 'fromFirstMessage', ...(fields && { fields }) };
    expect(diagnosis).toEqual(expected);
  });
});
