import { generateKeyPairSync } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { describe, expect, it } from 'vitest';
import type { Basis } from '../../../lib/passport/basis.js';
import { declaredProof, numericDate, proofOf, withTokenId } from '../../../lib/sessions/proof.js';
import { unverifiedToken } from '../../support/tokens.js';

/** The proof of one token that was verified. */
function proof(token: string, user: object = {}, info?: unknown) {
  return proofOf({ tokens: [token], verified: true, presented: false }, user, info);
}

/** The proof of tokens of which each may have been verified. */
function proofOfRead(tokens: readonly string[], user: object = {}) {
  return proofOf({ tokens, verified: false, presented: false }, user, undefined);
}

const digest = expect.stringMatching(/^sha256:[\w-]{43}$/) as unknown;

describe('proofOf', () => {
  it('reads the claims of an accepted token', () => {
    const token = unverifiedToken({ jti: 'j', iat: 10, iss: 'i', exp: 20 });
    expect(proof(token)).toEqual({
      tokenIds: ['j', digest],
      ownTokenIds: ['j'],
      issuedAt: 10_000,
      issuer: 'i',
      exp: 20,
      bound: false,
    });
  });

  it.each([new Date(0), '5', 99_999_999_999, null])(
    'K4a: reads the time of issue of the token where the user has %j there',
    (iat) => {
      const token = unverifiedToken({ iat: 10 });
      expect(proof(token, { iat })).toMatchObject({ issuedAt: 10_000 });
    },
  );

  it('reads what user and info state first', () => {
    const token = unverifiedToken({ jti: 'token', iss: 'token', iat: 1 });
    const found = proof(token, { jti: 'user', iat: 2 }, { jti: 'info', iss: 'info' });
    expect(found).toMatchObject({ issuer: 'info', issuedAt: 2_000, ownTokenIds: ['user'] });
    expect(found.tokenIds).toEqual(['user', digest, 'token']);
  });

  it('K10a: counts what the strategy has handed over about an opaque token, where it ends or refuses a session', () => {
    const claims = [{ exp: 20, jti: 'handed', cnf: { jkt: 'k' } }];
    const basis: Basis = { tokens: ['opaque'], verified: true, presented: false, claims };
    expect(proofOf(basis, {}, undefined)).toMatchObject({ exp: 20, bound: true });
    const { tokenIds, ownTokenIds } = proofOf(basis, { exp: 10 }, undefined);
    // A client could have the token of another user revoked by its name.
    expect([tokenIds, ownTokenIds]).toEqual([[digest, 'handed'], [digest]]);
    expect(proofOf(basis, { exp: 10 }, undefined).exp).toBe(10);
  });

  it.each([
    'opaque',
    'a.b',
    'a.b.c',
    'a..c',
    '..',
    unverifiedToken(null),
    unverifiedToken([1]),
    unverifiedToken('x'),
  ])('names the token %s by a digest, and knows nothing else of it', (token) => {
    expect(proof(token)).toEqual({
      tokenIds: [digest],
      ownTokenIds: [digest],
      issuedAt: undefined,
      issuer: undefined,
      exp: undefined,
      bound: false,
    });
  });

  it('RV-05: names a JWT the same when its signature is only written in another way', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const token = jwt.sign({ sub: 'a' }, privateKey, { algorithm: 'RS256' });
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet.indexOf(token.at(-1) ?? '');
    const rewritten = token.slice(0, -1) + alphabet[last ^ 1];
    expect(jwt.verify(rewritten, publicKey)).toMatchObject({ sub: 'a' });
    expect(proof(rewritten).tokenIds).toEqual(proof(token).tokenIds);
  });

  it.each<[string, Partial<Basis>, boolean]>([
    ['a user name and a password', { presented: true }, true],
    ['nothing that is known', {}, false],
  ])('takes %s for no token', (_what, basis, isPresented) => {
    const before = Date.now();
    const found = proofOf({ tokens: [], verified: false, presented: false, ...basis }, {}, null);
    expect(found.tokenIds).toEqual([]);
    expect((found.issuedAt ?? 0) >= before).toBe(isPresented);
  });

  it('believes a strategy that states when the password of HTTP Basic, a token, was issued', () => {
    const basis = { tokens: [], verified: false, presented: true };
    expect(proofOf(basis, { iat: 10 }, undefined)).toMatchObject({ issuedAt: 10_000 });
    expect(proofOf(basis, {}, { iat: 20 })).toMatchObject({ issuedAt: 20_000 });
  });

  it.each<[string, number, number | undefined]>([
    ['is believed from a clock that is ahead', 9_000, 9_000_000],
    ['is believed up to a day ahead', 86_401, 86_401_000],
    ['is unknown if it counts milliseconds', 1_763_800_000_000, undefined],
    ['is unknown far ahead', 86_402, undefined],
  ])('K4a: a time of issue %s', (_what, iat, issuedAt) => {
    const basis = { tokens: [unverifiedToken({ iat })], verified: true, presented: false };
    expect(proofOf(basis, {}, undefined, 1_000)).toMatchObject({ issuedAt });
    expect(proofOf({ ...basis, tokens: [] }, { iat }, undefined, 1_000)).toMatchObject({
      issuedAt,
    });
    const presented = { tokens: [], verified: false, presented: true };
    expect(proofOf(presented, { iat }, undefined, 1_000).issuedAt).toBe(issuedAt ?? 1_000);
  });

  it.each([
    [42, '42'],
    [0, '0'],
    ['42', '42'],
  ])('K1a: names a token by a jti of %j', (jti, name) => {
    expect(proof(unverifiedToken({ jti })).ownTokenIds).toEqual([name]);
    expect(declaredProof({ jti }, undefined).ownTokenIds).toEqual([name]);
  });

  it.each([Number.NaN, 2 ** 60, {}, ['j'], null, true, ''])(
    'takes %j for no name of a token',
    (value) => {
      const found = proof(unverifiedToken({ jti: value, iss: value }));
      expect(found.tokenIds).toEqual([digest]);
      expect(found.issuer).toBe(value === '' ? '' : undefined);
    },
  );
});

describe('K10a: a token that was read, and may not have been verified', () => {
  it('is found by each of its names, and takes no name with it that a client could make up', () => {
    const found = proofOfRead([unverifiedToken({ jti: 'of the victim' })]);
    expect(found.tokenIds).toEqual([digest, 'of the victim']);
    expect(found.ownTokenIds).toEqual([digest]);
  });

  it('has another digest than the token of a victim that it copies all but the signature of', () => {
    const claims = { sub: 'victim', iat: 1 };
    const stolen = unverifiedToken(claims, 'c2lnbmF0dXJl');
    const forged = unverifiedToken(claims, 'Zm9yZ2Vk');
    expect(proofOfRead([forged]).ownTokenIds).not.toEqual(proofOfRead([stolen]).ownTokenIds);
  });

  it('counts with the strictest of all that were read', () => {
    const [first, second] = [
      { iat: 10, exp: 50, iss: 'a' },
      { iat: 20, exp: 40, iss: 'b' },
    ];
    const found = proofOfRead([unverifiedToken(first), unverifiedToken(second)]);
    expect(found).toMatchObject({ issuedAt: 10_000, exp: 40, issuer: undefined, bound: false });
    expect(proofOfRead([unverifiedToken(first), unverifiedToken({})])).toMatchObject({
      issuedAt: undefined,
    });
    expect(
      proofOfRead([unverifiedToken(first), unverifiedToken({ cnf: { jkt: 'k' } })]).bound,
    ).toBe(true);
    expect(proofOfRead([unverifiedToken(first), unverifiedToken({ exp: 'soon' })]).exp).toBe(
      'soon',
    );
    expect(proofOfRead([unverifiedToken(first), unverifiedToken({ iss: 'a' })]).issuer).toBe('a');
  });

  it('is named by the strategy, where that returns a name', () => {
    const found = proofOfRead([unverifiedToken({ jti: 'stated' })], { jti: 'returned' });
    expect(found.tokenIds).toEqual(['returned', digest, 'stated']);
    expect(found.ownTokenIds).toEqual(['returned']);
  });
});

describe('withTokenId', () => {
  it('adds a name that is revoked with the session', () => {
    const named = withTokenId(proof('opaque'), 'more');
    expect(named.tokenIds).toEqual([digest, 'more']);
    expect(named.ownTokenIds).toEqual([digest, 'more']);
  });
});

describe('declaredProof', () => {
  it('counts as issued now unless it states otherwise', () => {
    const before = Date.now();
    expect(declaredProof({}, undefined).issuedAt).toBeGreaterThanOrEqual(before);
    expect(declaredProof({ jti: 'j', exp: 9 }, { iat: 2, iss: 'i' })).toMatchObject({
      tokenIds: ['j'],
      ownTokenIds: ['j'],
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
