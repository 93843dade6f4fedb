import jwt from 'jsonwebtoken';
import { describe, expect, it } from 'vitest';
import { jwtsInPieces, type NamedText } from '../../../lib/credentials/jwt-pieces.js';
import { maxTokens } from '../../../lib/credentials/jwt-search.js';

const token = jwt.sign({ jti: 'one', sub: 'alice' }, 'secret');
const other = jwt.sign({ jti: 'two', sub: 'alice' }, 'secret');
const [header = '', claims = '', signature = ''] = token.split('.');
const text64 = (text: string) => Buffer.from(text).toString('base64url');

/** A text in three chunks, with those names. */
function chunks(text: string, names: readonly string[]): NamedText[] {
  const size = Math.ceil(text.length / names.length);
  return names.map((name, index) => [name, text.slice(index * size, (index + 1) * size)]);
}

function foundIn(texts: readonly NamedText[]): Record<string, readonly string[]> {
  const pieces = jwtsInPieces(texts);
  return Object.fromEntries(
    texts.flatMap(([name, text]) => (pieces.has(text) ? [[name, [...pieces.get(text)!]]] : [])),
  );
}

describe('K1b: a token in numbered chunks', () => {
  it.each([
    ['Auth.js and Supabase', ['session.0', 'session.1', 'session.2']],
    ['another order', ['session.2', 'session.0', 'session.1']],
    ['oauth2-proxy', ['_oauth2_proxy_0', '_oauth2_proxy_1']],
    ['ASP.NET', ['.AspNetCore.CookiesC1', '.AspNetCore.CookiesC2']],
    ['a first chunk without a number', ['x-token', 'x-token-2', 'x-token-3']],
    ['more than ten', Array.from({ length: 12 }, (_, index) => `s${index}`)],
  ])('is known by each of them: %s', (_what, names) => {
    const inOrder = chunks(token, names.toSorted(byNumber));
    const texts = inOrder.toSorted(([one], [two]) => names.indexOf(one) - names.indexOf(two));
    const expected = Object.fromEntries(names.map((name) => [name, [token]]));
    expect(foundIn([['theme', 'dark'], ...texts])).toEqual(expected);
  });

  it('is known inside of base64', () => {
    const session = `base64-${text64(JSON.stringify({ access_token: token }))}`;
    const names = ['sb-auth-token.0', 'sb-auth-token.1'];
    expect(foundIn(chunks(session, names))).toEqual({ [names[0]!]: [token], [names[1]!]: [token] });
  });

  it('is not made of whole tokens in cookies with numbered names', () => {
    const texts: NamedText[] = [
      ['token', token],
      ['token1', other],
      ['token2', 'opaque'],
    ];
    expect(foundIn(texts)).toEqual({});
  });

  it('K6b: costs in proportion to the length of the names', () => {
    const names = ['_', '._-', '1'].flatMap((each) => [
      each.repeat(100_000),
      `${each.repeat(100_000)}x`,
    ]);
    expect(foundIn(names.map((name) => [name, 'opaque']))).toEqual({});
  });

  it('is known beside a cookie that was not chunked', () => {
    const texts: NamedText[] = [['token', other], ...chunks(token, ['token.0', 'token.1'])];
    expect(foundIn(texts)).toMatchObject({ 'token.0': [token], 'token.1': [token] });
  });
});

function byNumber(one: string, two: string): number {
  return numberIn(one) - numberIn(two);
}

function numberIn(name: string): number {
  return Number(/\d+$/.exec(name)?.[0] ?? 0);
}

describe('K1b: a token whose parts stand apart', () => {
  it.each<[string, NamedText[]]>([
    [
      'the signature in a cookie of its own',
      [
        ['payload', `${header}.${claims}`],
        ['signature', signature],
      ],
    ],
    [
      'each part in a cookie of its own',
      [
        ['h', header],
        ['s', signature],
        ['p', claims],
      ],
    ],
    [
      'flattened JSON',
      [
        ['payload', claims],
        ['protected', header],
        ['signature', signature],
      ],
    ],
  ])('is known by each of them: %s', (_what, texts) => {
    const expected = Object.fromEntries(texts.map(([name]) => [name, [token]]));
    expect(foundIn([['theme', 'dark'], ...texts])).toEqual(expected);
  });

  it('is not made of a whole one', () => {
    const texts: NamedText[] = [
      ['jwt', token],
      ['csrf', signature],
      ['claims', claims],
    ];
    expect(foundIn(texts)).toEqual({});
  });

  it('has no signature that is one of its other parts', () => {
    const long = text64(JSON.stringify({ alg: 'none', more: 'than sixteen bytes' }));
    const texts: NamedText[] = [
      ['h', long],
      ['p', claims],
    ];
    expect(foundIn(texts)).toEqual({});
  });

  it('is not looked for beyond the most that a credential may consist of', () => {
    const texts: NamedText[] = [['payload', `${header}.${claims}`]];
    for (let index = 0; index < 100; index += 1) {
      texts.push([`cookie${index}x`, `${index}`.padStart(22, 'A')]);
    }
    expect(foundIn(texts)['payload']).toHaveLength(maxTokens + 1);
  });
});
