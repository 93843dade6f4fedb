import { describe, expect, it } from 'vitest';
import { bearerCredential } from '../../../lib/credentials/bearer.js';
import { bearer, credentialIn, summary } from '../support/credentials.js';

const origin = { extractor: 'test', ambient: true, cookie: true, strategy: ['a'] } as const;
const limits = { maxCredentialBytes: 16 };

describe('bearerCredential', () => {
  it('keeps where the token was found', () => {
    const credential = credentialIn(bearerCredential('x', limits, origin));
    expect(credential.content).toEqual(bearer('x'));
    expect(credential).toMatchObject(origin);
  });

  it('HS-28: allows as many bytes as the limit, and no more', () => {
    expect(summary(bearerCredential('x'.repeat(16), limits, origin))).toEqual(
      bearer('x'.repeat(16)),
    );
    expect(bearerCredential('x'.repeat(17), limits, origin)).toMatchObject({
      code: 'ERR_WS_AUTH_CREDENTIAL_TOO_LARGE',
      httpStatus: 400,
      closeCode: 1009,
    });
  });

  it('HS-28: counts bytes, not characters', () => {
    expect(bearerCredential('é'.repeat(9), limits, origin)).toMatchObject({
      code: 'ERR_WS_AUTH_CREDENTIAL_TOO_LARGE',
    });
  });

  it.each(['', ' ', 'a b', 'é', 'a\0', '\r\n', '[object]'])('refuses %j', (token) => {
    expect(summary(bearerCredential(token, limits, origin))).toBe(
      'ERR_WS_AUTH_MALFORMED_CREDENTIAL',
    );
  });
});
