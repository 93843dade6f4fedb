import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { EncryptJWT, jwtDecrypt, jwtVerify, SignJWT } from 'jose';
import jwt from 'jsonwebtoken';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { readToken } from '../../../lib/credentials/jwt.js';
import { jwtsIn, maxTokens } from '../../../lib/credentials/jwt-search.js';

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
  ['five parts', `${part({})}.a.b.c.one`, `${part({})}.a.b.c.two`],
  ['JSON that is not an object', `${part([1])}.${part({})}.one`, `${part([1])}.${part({})}.two`],
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

const key = Buffer.from('0123456789abcdef0123456789abcdef');
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Spellings of one text that decoders of base64url take for the same bytes. */
const spellings: readonly (readonly [string, (part: string) => string])[] = [
  ['padding', (text) => `${text}${'='.repeat(-text.length & 3)}`],
  ['white space', (text) => `${text.slice(0, 3)} \t${text.slice(3)}`],
  ['spare bits', (text) => text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1)!) ^ 1]],
];
const respelled = (text: string, index: number, respell: (text: string) => string) =>
  text
    .split('.')
    .map((each, at) => (at === index ? respell(each) : each))
    .join('.');

describe.each(spellings)('K10b: a token that is written with other %s', (_what, respell) => {
  it('has one digest if it is a JWS, whole and among other texts', async () => {
    const signed = await new SignJWT({ sub: 'a' }).setProtectedHeader({ alg: 'HS256' }).sign(key);
    const other = respelled(signed, 2, respell);
    await jwtVerify(other, key);
    expect(readToken(other).digest).toBe(readToken(signed).digest);
    expect(jwtsIn(`Bearer ${other}`).map((each) => readToken(each).digest)).toContain(
      readToken(signed).digest,
    );
  });

  it.each([2, 3, 4])('has one digest if it is a JWE, in part %d', async (index) => {
    const encrypted = await new EncryptJWT({ sub: 'a' })
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .encrypt(key);
    // Where a part has no spare bits, its last character counts.
    const other = respelled(encrypted, index, respell);
    const isOther = await jwtDecrypt(other, key).then(
      () => false,
      () => true,
    );
    expect(readToken(other).digest === readToken(encrypted).digest).toBe(!isOther);
    const among = jwtsIn(`Bearer ${other}`).map((each) => readToken(each).digest);
    expect(among.includes(readToken(encrypted).digest)).toBe(!isOther);
  });

  it('has one digest if it is a PASETO token', () => {
    const payload = Buffer.from('a payload with spare bits of its own')
      .subarray(1)
      .toString('base64url');
    for (const paseto of [`v4.public.${payload}`, `v4.local.${payload}.${payload}`]) {
      for (const index of [2, 3]) {
        expect(readToken(respelled(paseto, index, respell)).digest).toBe(readToken(paseto).digest);
      }
    }
  });
});

describe('K1b: a token that its issuer pads', () => {
  const [header, claims, signature] = token.split('.');
  const padded = `${header}=.${claims}==.${signature}=`;

  it.each([
    ['whole', padded],
    ['in a query', `/ws?a=b&token=${padded}&c=d`],
    ['among cookies', `a=b; jwt=${padded}; c=d`],
  ])('is read %s', (_where, text) => {
    const [found = ''] = jwtsIn(text);
    expect(readToken(found).claims).toMatchObject({ jti: 'one' });
    expect(readToken(found)).toEqual(readToken(padded));
  });
});

const codeOf = (character: string) => character.charCodeAt(0).toString(16);
const escaped = (text: string) => Array.from(text, (each) => `%${codeOf(each)}`).join('');
const escapedAsJson = (text: string) => Array.from(text, (each) => `\\u00${codeOf(each)}`).join('');
const hidden = `%65${token.slice(1)}`;

describe('K1b: a token that is hidden', () => {
  it.each([
    ['by an escape', `t=${hidden}`],
    ['by an escape, beside one that is not valid', `x=%zz&t=${hidden}`],
    ['by an escape, beside bytes that are not UTF-8', `x=%ff&t=${hidden}`],
    ['by escapes of escapes', `t=%2525${hidden.slice(1)}`],
    ['by an escape of JSON', JSON.stringify({ t: token }).replace('eyJ', '\\u0065yJ')],
    ['by an encoded escape of JSON', `%5Cu0065${token.slice(1)}`],
    ['in base64', Buffer.from(token).toString('base64')],
    ['in JSON in base64', `s=base64-${text64(JSON.stringify({ access_token: token }))}`],
    ['by escapes of all characters', `t=${escaped(token)}`],
    ['by escapes of JSON of all characters', `{"t":"${escapedAsJson(token)}"}`],
    ['in base64, in the second place of a group', text64(`x${token}`)],
    ['in base64, in the third place of a group', text64(`xx${token}`)],
    ['in a list in base64', `s=base64-${text64(JSON.stringify([token, 'refresh']))}`],
    ['in indented JSON in base64', text64(JSON.stringify({ a: 1, token }, null, 2))],
    ['in escaped JSON in base64', text64(`%22${token}%22`)],
    ['in a signed cookie in base64', `s%3A${text64(JSON.stringify({ token }))}.c2lnbmF0dXJl`],
    ['in a session of Flask', `${text64(JSON.stringify({ token }))}.aGVq.c2lnbmF0dXJl`],
    ['in a subprotocol of Kubernetes', `base64url.bearer.authorization.k8s.io.${text64(token)}`],
    ['in base64, behind what looks like one', `leUo${text64(`ab${token}`)}`],
    ...['', 'x', 'xx'].flatMap((outer) =>
      ['', '{', '{"'].map((inner): [string, string] => [
        `in base64 twice, behind ${outer.length} and ${inner.length} characters`,
        text64(outer + text64(inner + token)),
      ]),
    ),
    ['in base64, in JSON in base64', text64(JSON.stringify({ session: text64(token) }))],
    ['in JSON, in base64 twice', `s=${text64(text64(JSON.stringify({ a: 1, token })))}`],
    ['behind a path', `/ws/${token}`],
    ['behind other base64', `a+b${token}`],
  ])('is found %s', (_how, text) => {
    expect(jwtsIn(text)).toEqual([token]);
  });

  it('is not looked for in the claims of another one', () => {
    const outer = jwt.sign({ id_token: token }, 'secret');
    expect(jwtsIn(`Bearer ${outer}`)).toEqual([outer]);
  });

  it.each(['eyJhbGciOiJub25lIn0', text64('{"a":"eyJ.b"}'), 'ZXlKZXlK', 'V5S leUo mV5S 2V5S'])(
    'is not made up of %s',
    (text) => {
      expect(jwtsIn(text)).toEqual([]);
    },
  );
});

describe('jwtsIn', () => {
  it('K6b: decodes little of a text that only begins like base64 of base64', () => {
    const decoded = vi.spyOn(Buffer, 'from');
    onTestFinished(() => decoded.mockRestore());
    // Nine characters: one beginning in each alignment.
    const text = 'WlhsS____'.repeat(2_000);
    expect(jwtsIn(text)).toEqual([]);
    const lengths = decoded.mock.calls.map(([encoded]) => (encoded as unknown as string).length);
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBeLessThan(3 * text.length);
  });

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
    ...opaque.filter(([what]) => what !== 'a JWE').flatMap(([, one, other]) => [one, other]),
  ])('finds none in %s', (text) => {
    expect(jwtsIn(text)).toEqual([]);
  });

  it('stops beyond the most that a credential may consist of', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => `${part({})}.${part({ index })}.`);
    expect(jwtsIn(many.join(' '))).toHaveLength(maxTokens + 1);
    expect(jwtsIn(many.join('.'))).toHaveLength(maxTokens + 1);
  });
});
