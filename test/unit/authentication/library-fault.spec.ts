import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import jwt from 'jsonwebtoken';
import { JwksClient, JwksRateLimitError } from 'jwks-rsa';
import { createLocalJWKSet, errors, jwtVerify, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { isOutage, libraryFault } from '../../../lib/authentication/library-fault.js';

const secret = 'a secret of thirty-two characters';
const key = createSecretKey(Buffer.from(secret));
const claims = { aud: 'app', iss: 'https://issuer', sub: 'alice' };
const token = jwt.sign(claims, secret);
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ofUnknownKey = jwt.sign(claims, privateKey, { algorithm: 'ES256', keyid: 'old' });

async function errorOf(verify: () => unknown): Promise<unknown> {
  try {
    await verify();
  } catch (error) {
    return error;
  }
  throw new Error('accepted');
}

const byJsonwebtoken: Readonly<Record<string, () => unknown>> = {
  signature: () => jwt.verify(token, 'another'),
  algorithm: () => jwt.verify(token, secret, { algorithms: ['HS512'] }),
  audience: () => jwt.verify(token, secret, { audience: 'other' }),
  issuer: () => jwt.verify(token, secret, { issuer: 'https://issuer/' }),
  subject: () => jwt.verify(token, secret, { subject: 'bob' }),
  'no-jwt': () => jwt.verify('undefined', secret),
  key: () => jwt.verify(token, ''),
};

const byJose: Readonly<Record<string, () => unknown>> = {
  signature: () => jwtVerify(token, createSecretKey(Buffer.from(`${secret}\n`))),
  algorithm: () => jwtVerify(token, key, { algorithms: ['HS512'] }),
  audience: () => jwtVerify(token, key, { audience: 'other' }),
  issuer: () => jwtVerify(token, key, { issuer: 'https://issuer/' }),
  subject: () => jwtVerify(token, key, { subject: 'bob' }),
  'no-jwt': () => jwtVerify('undefined', key),
  key: () => jwtVerify(ofUnknownKey, createLocalJWKSet({ keys: [] })),
};

describe('what the error of a library names', () => {
  it.each(Object.entries(byJsonwebtoken))('K8g: %s, by jsonwebtoken', async (fault, verify) => {
    expect(libraryFault(await errorOf(verify))).toBe(fault);
  });

  it.each(Object.entries(byJose))('K8g: %s, by jose', async (fault, verify) => {
    expect(libraryFault(await errorOf(verify))).toBe(fault);
  });

  it('K8g: the code, where there is no other name', async () => {
    const expired = await new SignJWT({})
      .setExpirationTime(1)
      .setProtectedHeader({ alg: 'HS256' })
      .sign(key);
    expect(libraryFault(await errorOf(() => jwtVerify(expired, key)))).toBe('ERR_JWT_EXPIRED');
    const cause = Object.assign(new Error(token), { code: 'ECONNREFUSED' });
    expect(libraryFault(cause)).toBe('ECONNREFUSED');
    expect(libraryFault(new TypeError('fetch failed', { cause }))).toBe('ECONNREFUSED');
  });

  it.each([
    ['a text', 'invalid signature'],
    ['an error of another library', new Error('invalid signature')],
    ['a code that may be a value', Object.assign(new Error('x'), { code: token })],
    ['a code with digits', Object.assign(new Error('x'), { code: 'E1234' })],
    ['a number', Object.assign(new Error('x'), { code: 42 })],
    ['a message that is not known', Object.assign(new Error(token), { name: 'JsonWebTokenError' })],
    ['a cause that is a text', new Error('x', { cause: 'ECONNREFUSED' })],
    [
      'what cannot be read',
      Object.defineProperty(new Error('x'), 'code', {
        get() {
          throw new Error('no');
        },
      }),
    ],
  ])('K8g: nothing of %s', (_what, reason) => {
    expect(libraryFault(reason)).toBeUndefined();
  });

  it('K8g: no claim but those that have a name', () => {
    const error = { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED', claim: 'constructor' };
    expect(libraryFault(Object.assign(new Error('x'), error))).toBe(error.code);
  });
});

const errorOfCode = (code: string) => Object.assign(new Error('x'), { code });
const wrapped = new TypeError('fetch failed', { cause: errorOfCode('UND_ERR_CONNECT_TIMEOUT') });

describe('an error of the connection to what a strategy asks', () => {
  it.each([
    ...['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'].map(errorOfCode),
    Object.assign(errorOfCode('ENOENT'), { syscall: 'connect' }),
    wrapped,
    new JwksRateLimitError('x'),
    new errors.JWKSTimeout(),
    new DOMException('x', 'TimeoutError'),
  ])('ST-15: is an outage: %o', (error) => {
    expect(isOutage(error)).toBe(true);
  });

  it.each([
    { kind: 'an answer', fetcher: () => Promise.reject(errorOfCode('CERT_HAS_EXPIRED')) },
    { kind: 'keys', fetcher: () => Promise.resolve({ keys: [] }) },
  ])('ST-15: is an outage where jwks-rsa finds no $kind', async ({ fetcher }) => {
    const client = new JwksClient({ jwksUri: 'https://issuer/keys', fetcher });
    expect(isOutage(await errorOf(() => client.getSigningKey('new')))).toBe(true);
  });

  it.each([
    ...Object.entries({ ...byJsonwebtoken, ...byJose }).map(([, verify]) => verify),
    () => Promise.reject(new Error('No auth token')),
    () => Promise.reject('ECONNREFUSED'),
    () => Promise.reject({ code: 'ECONNREFUSED' }),
    () => Promise.reject(errorOfCode('__proto__')),
    () => readFile('keys/kid-of-a-client.pem'),
    () => readFile(`keys/${'k'.repeat(300)}`),
    () => Promise.reject(errorOfCode('UND_ERR_INVALID_ARG')),
    () => Promise.reject(errorOfCode('UND_ERR_RESPONSE')),
    () =>
      Promise.reject(
        Object.defineProperty(new Error('x'), 'cause', {
          get() {
            throw new Error('no');
          },
        }),
      ),
  ])('ST-15: is not what a library finds wrong with a token (%#)', async (verify) => {
    expect(isOutage(await errorOf(verify))).toBe(false);
  });

  it('ST-15: is not an unknown key of jwks-rsa', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'old', use: 'sig' };
    const fetcher = () => Promise.resolve({ keys: [jwk] });
    const client = new JwksClient({ jwksUri: 'https://issuer/keys', fetcher });
    expect(isOutage(await errorOf(() => client.getSigningKey('new')))).toBe(false);
  });
});
