import { generateKeyPairSync } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { describe, expect, it } from 'vitest';
import { Credential, type CredentialContent } from '../../../lib/credentials/credential.js';
import { declaredProof, numericDate, proofOf } from '../../../lib/sessions/proof.js';
import { basic, bearer } from '../support/credentials.js';

function proof(content: CredentialContent, user: object = {}, info?: unknown) {
  const origin = { extractor: 'test', ambient: false, strategy: undefined };
  return proofOf(new Credential(content, origin), user, info);
}

function tokenOf(claims: unknown): string {
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  return `e30.${payload}.c2ln`;
}

describe('proofOf', () => {
  it('reads the claims of an accepted token', () => {
    const token = tokenOf({ jti: 'j', iat: 10, iss: 'i', exp: 20 });
    const expected = { tokenId: 'j', issuedAt: 10_000, issuer: 'i' };
    expect(proof(bearer(token))).toMatchObject(expected);
    expect(proof({ scheme: 'fields', body: {}, token })).toMatchObject(expected);
  });

  it('believes a strategy that says when the password of HTTP Basic, a token, was issued', () => {
    expect(proof(basic('alice', 'token'), { iat: 10 })).toMatchObject({ issuedAt: 10_000 });
    expect(proof(basic('alice', 'token'), {}, { iat: 20 })).toMatchObject({ issuedAt: 20_000 });
  });

  it('reads what user and info say first', () => {
    const token = tokenOf({ jti: 'token', iss: 'token' });
    expect(proof(bearer(token), { jti: 'user' }, { jti: 'info', iss: 'info' })).toMatchObject({
      tokenId: 'user',
      issuer: 'info',
    });
  });

  it.each(['opaque', 'a.b', 'a.b.c', 'a..c', '..', tokenOf(null), tokenOf([1]), tokenOf('x')])(
    'names the token %s by a digest, and knows nothing else of it',
    (token) => {
      expect(proof(bearer(token))).toMatchObject({
        tokenId: expect.stringMatching(/^sha256:[\w-]{43}$/) as unknown,
        issuedAt: undefined,
        issuer: undefined,
      });
    },
  );

  it('names two tokens by two digests', () => {
    expect(proof(bearer('a')).tokenId).not.toBe(proof(bearer('b')).tokenId);
    expect(proof(bearer('a')).tokenId).toBe(proof(bearer('a')).tokenId);
  });

  it('RV-05: names a JWT the same when its signature is only written in another way', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const token = jwt.sign({ sub: 'a' }, privateKey, { algorithm: 'RS256' });
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet.indexOf(token.at(-1) ?? '');
    const rewritten = token.slice(0, -1) + alphabet[last ^ 1];
    expect(jwt.verify(rewritten, publicKey)).toMatchObject({ sub: 'a' });
    expect(proof(bearer(rewritten)).tokenId).toBe(proof(bearer(token)).tokenId);
  });

  it('takes a name and a password for issued now, and for no token', () => {
    const before = Date.now();
    for (const content of [
      basic('a', 'b'),
      { scheme: 'fields', body: {}, token: undefined } as const,
    ]) {
      const { tokenId, issuedAt } = proof(content);
      expect(tokenId).toBeUndefined();
      expect(issuedAt).toBeGreaterThanOrEqual(before);
    }
  });

  it('knows nothing of a request that a strategy reads itself, but what it says', () => {
    expect(proof({ scheme: 'request' })).toMatchObject({
      tokenId: undefined,
      issuedAt: undefined,
      issuer: undefined,
    });
    expect(proof({ scheme: 'request' }, { exp: 5, iat: 1 })).toMatchObject({
      issuedAt: 1_000,
    });
  });

  it.each([7, {}, ['j'], null, true])('takes %j for no name of a token or an issuer', (value) => {
    const found = proof(bearer(tokenOf({ jti: value, iss: value })));
    expect(found.tokenId).toMatch(/^sha256:/);
    expect(found.issuer).toBeUndefined();
  });
});

describe('declaredProof', () => {
  it('counts as issued now unless it says otherwise', () => {
    const before = Date.now();
    expect(declaredProof({}, undefined).issuedAt).toBeGreaterThanOrEqual(before);
    expect(declaredProof({ jti: 'j', exp: 9 }, { iat: 2, iss: 'i' })).toMatchObject({
      tokenId: 'j',
      issuedAt: 2_000,
      issuer: 'i',
    });
  });
});

describe('numericDate', () => {
  it.each([
    [1, 1_000],
    [1.5, 1_500],
    [0, 0],
    [-1, -1_000],
    ['1', undefined],
    [Number.NaN, undefined],
    [Infinity, undefined],
    [null, undefined],
    [undefined, undefined],
    [{}, undefined],
  ])('EX-04: makes %s milliseconds', (value, ms) => {
    expect(numericDate(value)).toBe(ms);
  });
});
