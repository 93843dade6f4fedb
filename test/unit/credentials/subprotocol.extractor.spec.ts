import { describe, expect, it } from 'vitest';
import {
  fromSubprotocol,
  type SubprotocolOptions,
} from '../../../lib/credentials/subprotocol.extractor.js';
import { bearer, credentialIn, limits, summary } from '../support/credentials.js';
import { handshakeOf } from '../support/requests.js';

function find(protocols: string, options: SubprotocolOptions = {}) {
  const handshake = handshakeOf('/', [['Sec-WebSocket-Protocol', protocols]]);
  return fromSubprotocol(options).find(handshake, limits);
}

const kubernetes: SubprotocolOptions = {
  prefix: 'base64url.bearer.authorization.k8s.io.',
  encoding: 'base64url',
};

describe('fromSubprotocol()', () => {
  it('finds nothing where nothing is offered', () => {
    expect(fromSubprotocol().find(handshakeOf('/'), limits)).toBeUndefined();
  });

  it.each(['chat', 'chat, superchat', 'bearer', 'Bearer.x', 'xbearer.y'])(
    'finds nothing in %s',
    (protocols) => {
      expect(find(protocols)).toBeUndefined();
    },
  );

  it.each(['chat, bearer.a.b-c_d', 'bearer.a.b-c_d, chat', 'chat, bearer.a.b-c_d, v2'])(
    'SP-01: reads the token of %s',
    (protocols) => {
      expect(summary(find(protocols))).toEqual(bearer('a.b-c_d'));
    },
  );

  it.each([
    ['SP-02: a token alone', 'bearer.x'],
    ['SP-03: two tokens', 'chat, bearer.x, bearer.y'],
    ['SP-03: two tokens and nothing else', 'bearer.x, bearer.y'],
    ['an empty token', 'chat, bearer.'],
    ['a token in quotes, which a subprotocol may have and a token has not', "chat, bearer.'a'"],
  ])('refuses %s with 400', (_what, protocols) => {
    expect(find(protocols)).toMatchObject({
      code: 'ERR_WS_AUTH_MALFORMED_CREDENTIAL',
      httpStatus: 400,
    });
  });

  it('SP-07: refuses a token over the limit', () => {
    expect(summary(find(`chat, bearer.${'x'.repeat(8_193)}`))).toBe(
      'ERR_WS_AUTH_CREDENTIAL_TOO_LARGE',
    );
  });

  it('reads the form of Kubernetes', () => {
    const encoded = Buffer.from('a+b/c==').toString('base64url');
    expect(summary(find(`chat, ${kubernetes.prefix}${encoded}`, kubernetes))).toEqual(
      bearer('a+b/c=='),
    );
  });

  it.each([
    ['a character that the decoder would skip', 'YWJj!'],
    ['a length that no bytes have', 'YWJjY'],
    ['bits that stand for nothing', 'YWJjZB'],
    ['base64 instead of base64url', 'YT4+'],
    ['bytes that are not UTF-8', Buffer.of(0xff, 0xfe).toString('base64url')],
    ['control characters', Buffer.from('a\r\nb').toString('base64url')],
    ['nothing', ''],
  ])('refuses %s in base64url', (_what, value) => {
    expect(summary(find(`chat, ${kubernetes.prefix}${value}`, kubernetes))).toBe(
      'ERR_WS_AUTH_MALFORMED_CREDENTIAL',
    );
  });

  it.each([
    ['bearer, a.b-c_d', 'a.b-c_d'],
    ['bearer, a.b-c_d, chat', 'a.b-c_d'],
    ['chat, bearer, a.b-c_d', 'a.b-c_d'],
    ['chat, bearer, 1|abc', '1|abc'],
    ['bearer, bearer.x', 'bearer.x'],
    ['token, bearer, x', 'x'],
  ])('K8f: reads the token that stands in an entry of its own: %s', (protocols, token) => {
    expect(summary(find(protocols, { after: 'bearer' }))).toEqual(bearer(token));
  });

  it('K8f: reads it as base64url, too', () => {
    const encoded = Buffer.from('a:b/c==').toString('base64url');
    const options: SubprotocolOptions = { after: 'token', encoding: 'base64url' };
    expect(summary(find(`token, ${encoded}`, options))).toEqual(bearer('a:b/c=='));
  });

  it.each(['chat', 'chat, bearer.x', 'Bearer, x', 'bearers, x'])(
    'K8f: finds nothing in %s, where the entry is not offered',
    (protocols) => {
      expect(find(protocols, { after: 'bearer' })).toBeUndefined();
    },
  );

  it.each(['bearer', 'x, bearer'])(
    'K8f: refuses %s, with no token behind the entry',
    (protocols) => {
      expect(find(protocols, { after: 'bearer' })).toMatchObject({
        code: 'ERR_WS_AUTH_MALFORMED_CREDENTIAL',
        httpStatus: 400,
      });
    },
  );

  it('is explicit, and hides what starts with its prefix', () => {
    expect(credentialIn(find('chat, bearer.x', { strategy: 'jwt' }))).toMatchObject({
      extractor: 'fromSubprotocol',
      ambient: false,
      cookie: false,
      strategy: ['jwt'],
    });
    expect(fromSubprotocol()).toMatchObject({
      place: 'subprotocol',
      prefix: 'bearer.',
      encoding: 'raw',
      redacts: { subprotocolPrefixes: ['bearer.'] },
    });
  });
});
