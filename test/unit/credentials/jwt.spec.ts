import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { describe, expect, it } from 'vitest';
import { jwtsIn, maxTokens, readToken } from '../../../lib/credentials/jwt.js';

const text64 = (text: string) => Buffer.from(text).toString('base64url');
const part = (value: unknown) => text64(JSON.stringify(value));
const token = jwt.sign({ jti: 'one', sub: 'alice' }, 'secret');

/** Pairs of opaque tokens that begin alike. */
const opaque: readonly (readonly [string, string, string])[] = [
  ['PASETO v4.local', 'v4.local.AAAA', 'v4.local.BBBB'],
  ['PASETO v4.public', 'v4.public.AAAA.footer', 'v4.public.BBBB.footer'],
  ['an API key', 'live.key.one', 'live.key.two'],
  ['an API key of two parts', 'key.one', 'key.two'],
  ['a JWE', `${part({ enc: 'A256GCM' })}..iv.one.tag`, `${part({ enc: 'A256GCM' })}..iv.two.tag`],
  ['JSON that is no object', `${part([1])}.${part({})}.one`, `${part([1])}.${part({})}.two`],
  ['claims that are no object', `${part({})}.${part(1)}.one`, `${part({})}.${part(1)}.two`],
  ['other characters between', `${part({})}!.${part({})}.AAAA`, `${part({})}!.${part({})}.AAAB`],
  ['text between braces', `${text64('{a}')}.${part({})}.one`, `${text64('{a}')}.${part({})}.two`],
];

describe('readToken', () => {
  it.each(opaque)('K10b: digests %s whole', (_what, one, other) => {
    expect(readToken(one).digest).not.toBe(readToken(other).digest);
    expect(readToken(one)).toEqual({ claims: {}, digest: readToken(one).digest });
  });

  it.each([
    ['a JWT', token],
    ['an unsigned one', `${part({ alg: 'none' })}.${part({ jti: 'one' })}.`],
    ['one with white space in it', `${text64('{}\n')}.${text64(' {"jti":"one"}')}.AAAA`],
  ])('reads the claims of %s', (_what, text) => {
    expect(readToken(text).claims).toMatchObject({ jti: 'one' });
  });

  it('has one digest for both signatures that ECDSA has for one text', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const signed = jwt.sign(
      {},
      createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })),
      {
        algorithm: 'ES256',
      },
    );
    const dot = signed.lastIndexOf('.');
    const signature = Buffer.from(signed.slice(dot + 1), 'base64url');
    const other = Buffer.concat([signature.subarray(0, 32), randomBytes(32)]);
    const rewritten = `${signed.slice(0, dot)}.${other.toString('base64url')}`;
    expect(readToken(rewritten).digest).toBe(readToken(signed).digest);
  });

  it('has another digest for a text that copies all but the signature', () => {
    const forged = `${token.slice(0, token.lastIndexOf('.'))}.${randomBytes(32).toString('base64url')}`;
    expect(readToken(forged).digest).not.toBe(readToken(token).digest);
  });
});

describe('jwtsIn', () => {
  it.each([
    ['alone', token],
    ['behind a scheme', `Bearer ${token}`],
    ['behind an encoded scheme', `Bearer%20${token}`],
    ['in a query', `/ws?a=b&token=${token}&c=d`],
    ['among cookies', `a=b.c; jwt=${token}; d="e.f"`],
    ['in a signed cookie', `jwt=s%3A${token}.c2lnbmF0dXJl%2B`],
    ['in JSON', JSON.stringify({ token })],
    ['behind a prefix', `app_${token}`],
    ['behind a part', `v1.${token}`],
    ['twice', `${token} ${token}`],
    ['beside a bare percent sign', `100%.5 ${token}`],
  ])('finds a token %s', (_where, text) => {
    expect(jwtsIn(text)).toEqual([token]);
  });

  it('finds several', () => {
    const other = jwt.sign({ jti: 'two' }, 'secret');
    expect(jwtsIn(`a=${token}&b=${other}`)).toEqual([token, other]);
  });

  it.each([
    '',
    'opaque',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0',
    'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8',
    ...opaque.flatMap(([, one, other]) => [one, other]),
  ])('finds none in %s', (text) => {
    expect(jwtsIn(text)).toEqual([]);
  });

  it('stops beyond the most that a credential may consist of', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => `${part({})}.${part({ index })}.`);
    expect(jwtsIn(many.join(' '))).toHaveLength(maxTokens + 1);
    expect(jwtsIn(many.join('.'))).toHaveLength(maxTokens + 1);
  });
});
