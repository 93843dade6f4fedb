import { describe, expect, it } from 'vitest';
import { fromUserInfo } from '../../../lib/credentials/user-info.extractor.js';
import { base64, bearer, credentialIn, limits, summary } from '../support/credentials.js';
import { handshakeOf } from '../support/requests.js';

const rejected = 'ERR_WS_AUTH_CREDENTIAL_REJECTED';

function handshakeWith(authorization: string | undefined) {
  return { ...handshakeOf('/'), authorization };
}

function find(authorization: string | undefined) {
  return fromUserInfo().find(handshakeWith(authorization), limits);
}

describe('fromUserInfo()', () => {
  it.each([undefined, '', 'Bearer x', 'Digest x', 'Basi x'])(
    'finds nothing in %j',
    (authorization) => {
      expect(find(authorization)).toBeUndefined();
    },
  );

  it.each(['eyJh.eyJz.sig:x', 'eyJh.eyJz.sig:'])('reads the token of %s', (text) => {
    expect(summary(find(`Basic ${base64(text)}`))).toEqual(bearer('eyJh.eyJz.sig'));
  });

  it.each(['alice:secret', 'alice:X', 'alice:xx', 'alice::', 'alice:x:'])(
    'reads no token from %s, which is a name and a password',
    (text) => {
      expect(find(`Basic ${base64(text)}`)).toMatchObject({ code: rejected, httpStatus: 401 });
    },
  );

  it('reads it with any password where nothing else reads Basic', () => {
    const found = fromUserInfo()
      .arranged(false)
      .find(handshakeWith(`Basic ${base64('token:stale password')}`), limits);
    expect(summary(found)).toEqual(bearer('token'));
  });

  it('keeps its strategies with any password', () => {
    expect(fromUserInfo({ strategy: 'jwt' }).arranged(false).strategy).toEqual(['jwt']);
  });

  it.each([
    ['BA-01: no colon', base64('token')],
    ['BA-03: an empty name', base64(':x')],
    ['BA-05: bytes that are not UTF-8', base64(Uint8Array.of(0xff, 0x3a, 0x78))],
    ['no base64', '%%%'],
    ['nothing', ''],
  ])('refuses %s with 401', (_what, value) => {
    expect(find(`Basic ${value}`)).toMatchObject({ code: rejected, httpStatus: 401 });
  });

  it('refuses a name that is not a token with 400', () => {
    expect(summary(find(`Basic ${base64('not a token:x')}`))).toBe(
      'ERR_WS_AUTH_MALFORMED_CREDENTIAL',
    );
  });

  it('HS-28: refuses a token over the limit', () => {
    expect(summary(find(`Basic ${base64(`${'x'.repeat(8_193)}:x`)}`))).toBe(
      'ERR_WS_AUTH_CREDENTIAL_TOO_LARGE',
    );
  });

  it('BA-10: is ambient, since browsers send it again unasked', () => {
    expect(credentialIn(find(`Basic ${base64('token:x')}`))).toMatchObject({
      extractor: 'fromUserInfo',
      ambient: true,
      cookie: false,
    });
    expect(fromUserInfo()).toMatchObject({ ambient: true, challengeSchemes: ['Basic'] });
  });
});
