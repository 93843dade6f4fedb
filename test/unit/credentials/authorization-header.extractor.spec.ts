import { describe, expect, it } from 'vitest';
import {
  fromAuthorizationHeader,
  splitAuthorization,
  type AuthorizationHeaderOptions,
} from '../../../lib/credentials/authorization-header.extractor.js';
import { Refusal } from '../../../lib/protocol/refusal.js';
import { base64, basic, bearer, credentialIn, limits, summary } from '../support/credentials.js';
import { handshakeOf } from '../support/requests.js';

function find(authorization: string | undefined, options: AuthorizationHeaderOptions = {}) {
  const handshake = { ...handshakeOf('/'), authorization };
  return fromAuthorizationHeader(options).find(handshake, limits);
}

const malformed = 'ERR_WS_AUTH_MALFORMED_CREDENTIAL';
const rejected = 'ERR_WS_AUTH_CREDENTIAL_REJECTED';
const required = 'ERR_WS_AUTH_CREDENTIAL_REQUIRED';

describe('fromAuthorizationHeader()', () => {
  it.each([undefined, ''])('finds nothing in %j', (authorization) => {
    expect(find(authorization)).toBeUndefined();
  });

  it.each(['Bearer x', 'bearer x', 'BEARER x', 'bEaReR x', 'Bearer  x', 'Bearer     x'])(
    'AH-04, AH-05: reads a token from %j',
    (authorization) => {
      expect(summary(find(authorization))).toEqual(bearer('x'));
    },
  );

  it.each([
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer a,b',
    'Bearer "a"',
    'Bearer =',
    'Bearer token="a"',
    'Bearer \u00e9\u00ff',
    'Bearer a\u0000',
    'Bearer a\r\nX-Evil: 1',
    'Bearer \ta',
    'Bearer a ',
    'Bearer {"payload":"e30"}',
    'Bearer a, Bearer b',
  ])('AH-05, HS-30, HS-32: refuses %j with 400', (authorization) => {
    const refusal = find(authorization);
    expect(refusal).toMatchObject({ code: malformed, httpStatus: 400, closeCode: 3000 });
  });

  it.each(['basic', 'BASIC', 'Basic', 'Basic   '.trim()])('reads %s', (scheme) => {
    const authorization = `${scheme} ${base64('alice:secret')}`;
    expect(summary(find(authorization))).toEqual(basic('alice', 'secret'));
  });

  it.each([
    ['BA-01: without a colon', base64('alice')],
    ['BA-05: that is not UTF-8', base64(Uint8Array.of(0xff, 0x3a, 0x61))],
    ['that is not base64', '!!!!'],
    ['that is empty', ''],
    ['that is base64url', 'YTo_Pz8-'],
    ['with a control character', base64('alice:se\ncret')],
    ['with a second value', `${base64('a:b')} ${base64('c:d')}`],
    ['with a second value behind a comma', `${base64('a:b')},x`],
  ])('refuses Basic %s with 401', (_what, value) => {
    expect(find(`Basic ${value}`)).toMatchObject({ code: rejected, httpStatus: 401 });
  });

  it.each([
    'Digest username="a"',
    'DPoP eyJ',
    'Token x',
    'Negotiate x',
    'x',
    'BearerX a',
    'Basi c:d',
  ])('asks again for %j, which it does not read', (authorization) => {
    expect(find(authorization)).toMatchObject({ code: required, httpStatus: 401 });
  });

  it.each([
    [['Bearer'], `Basic ${base64('a:b')}`],
    [['Basic'], 'Bearer x'],
  ] as const)('reads only the schemes %j', (schemes, authorization) => {
    expect(summary(find(authorization, { schemes }))).toBe(required);
  });

  it('HS-28: refuses a header over the limit before it looks at it', () => {
    const found = find(`Bearer ${'x'.repeat(8_192)}`);
    expect(found).toMatchObject({
      code: 'ERR_WS_AUTH_CREDENTIAL_TOO_LARGE',
      httpStatus: 400,
      closeCode: 1009,
    });
    expect(find('!'.repeat(8_193))).toMatchObject({ code: 'ERR_WS_AUTH_CREDENTIAL_TOO_LARGE' });
  });

  it('HS-28: accepts a header of exactly the limit', () => {
    expect(find(`Bearer ${'x'.repeat(8_185)}`)).not.toBeInstanceOf(Refusal);
  });

  it('BA-10: states that Basic is ambient, and Bearer is not', () => {
    expect(credentialIn(find(`Basic ${base64('a:b')}`))).toMatchObject({
      extractor: 'fromAuthorizationHeader',
      ambient: true,
      cookie: false,
    });
    expect(credentialIn(find('Bearer x'))).toMatchObject({ ambient: false, cookie: false });
  });

  it('is ambient as long as it reads Basic', () => {
    expect(fromAuthorizationHeader()).toMatchObject({
      ambient: true,
      challengeSchemes: ['Basic', 'Bearer'],
      phase: 'handshake',
      place: 'authorization',
    });
    expect(fromAuthorizationHeader({ schemes: ['Bearer'] }).ambient).toBe(false);
  });

  it('names the strategies that judge what it finds', () => {
    expect(credentialIn(find('Bearer x', { strategy: 'jwt' })).strategy).toEqual(['jwt']);
    expect(credentialIn(find('Bearer x', { strategy: ['a', 'b'] })).strategy).toEqual(['a', 'b']);
    expect(credentialIn(find('Bearer x')).strategy).toBeUndefined();
  });
});

describe('splitAuthorization', () => {
  it.each([
    ['Bearer x', 'bearer', 'x'],
    ['BASIC   a b', 'basic', 'a b'],
    ['Bearer', 'bearer', ''],
    ['', '', ''],
    [' x', '', 'x'],
  ])('splits %j', (authorization, scheme, value) => {
    expect(splitAuthorization(authorization)).toEqual({ scheme, value });
  });
});
