import { describe, expect, it } from 'vitest';
import { fromCookie, isCookieName } from '../../../lib/credentials/cookie.extractor.js';
import { bearer, credentialIn, limits, summary } from '../support/credentials.js';
import { handshakeOf } from '../support/requests.js';

function find(cookie: string | undefined, name = 's') {
  return fromCookie(name).find({ ...handshakeOf('/'), cookie }, limits);
}

describe('fromCookie()', () => {
  it.each([undefined, '', 'a=1', 's', 's=', '=v', ';;;', 'S=x', 'xs=x', 's=""'])(
    'CK-01: finds nothing in %j',
    (cookie) => {
      expect(find(cookie)).toBeUndefined();
    },
  );

  it.each(['s=token', 'a=1; s=token', 's="token"', 's=token; a="s=x"'])(
    'reads the token of %j',
    (cookie) => {
      expect(summary(find(cookie))).toEqual(bearer('token'));
    },
  );

  it.each([
    ['CK-01: broken percent encoding', 's=%E0%A4%A'],
    ['CK-01: a quote without an end', 's="unterminated'],
    ['a space', 's=a b'],
    ['a comma', 's=a,b'],
    ['JSON', 's={"a":1}'],
    ['CK-02: two cookies of the name', 's=good; s=evil'],
    ['CK-02: two cookies of the name, in the other order', 's=evil; s=good'],
    ['CK-02: the same cookie twice', 's=good; s=good'],
    ['CK-02: an empty one beside a good one', 's=; s=good'],
  ])('refuses %s with 400', (_what, cookie) => {
    expect(find(cookie)).toMatchObject({
      code: 'ERR_WS_AUTH_MALFORMED_CREDENTIAL',
      httpStatus: 400,
    });
  });

  it.each(['__proto__', 'constructor', 'hasOwnProperty', '__Host-s'])(
    'CK-04: reads a cookie that is called %s',
    (name) => {
      expect(summary(find(`${name}=token`, name))).toEqual(bearer('token'));
      expect(find('a=1', name)).toBeUndefined();
    },
  );

  it('HS-28: refuses a token over the limit', () => {
    expect(summary(find(`s=${'x'.repeat(8_193)}`))).toBe('ERR_WS_AUTH_CREDENTIAL_TOO_LARGE');
  });

  it('CK-07: is ambient, and states that it was a cookie', () => {
    expect(credentialIn(find('s=token'))).toMatchObject({
      extractor: 'fromCookie',
      ambient: true,
      cookie: true,
      strategy: undefined,
    });
    expect(fromCookie('s')).toMatchObject({
      ambient: true,
      place: 'cookie',
      phase: 'handshake',
      redacts: { cookies: ['s'] },
      bridge: undefined,
    });
  });

  it('keeps its strategies and its bridge', () => {
    const bridge = { path: '/b', parentOrigins: ['https://app.example.com'] };
    const extractor = fromCookie('s', { strategy: ['a', 'b'], bridge });
    expect(extractor).toMatchObject({ strategy: ['a', 'b'], bridge });
  });
});

describe('isCookieName', () => {
  it('is a token', () => {
    expect(['s', '__Host-s', 'connect.sid'].every(isCookieName)).toBe(true);
    expect(['', 'a b', 'a=b', 'a;b', 'é', 'a\n'].some(isCookieName)).toBe(false);
  });
});

it.each([' s', 's ', 's=1', 'a;b', '\ts'])(
  'K11b: fromCookie(%j) is refused: no cookie has that name',
  (name) => {
    expect(() => fromCookie(name)).toThrow('fromCookie: no cookie has such a name');
  },
);
