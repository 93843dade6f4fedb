import { describe, expect, it } from 'vitest';
import {
  hasControlCharacter,
  isToken,
  isToken68,
  isBearerToken,
  quotedString,
} from '../../../lib/protocol/header-syntax.js';
import { fc } from '../../support/property.js';

describe('isToken', () => {
  it.each(['chat', 'v10.stomp', 'graphql-transport-ws', "!#$%&'*+-.^_`|~09azAZ"])(
    'knows %s',
    (text) => {
      expect(isToken(text)).toBe(true);
    },
  );

  it.each([
    '',
    ' ',
    'a b',
    'a,b',
    'a/b',
    'a=b',
    'a;b',
    '"a"',
    '(a)',
    'a@b',
    'é',
    'a\n',
    'a\0',
    '[a]',
    '{a}',
  ])('knows no token in %j', (text) => {
    expect(isToken(text)).toBe(false);
  });
});

describe('isToken68', () => {
  it.each(['a', 'eyJh.eyJz.sig-_', 'abc+/==', 'a=', '~.-_', '0'])('knows %s', (text) => {
    expect(isToken68(text)).toBe(true);
  });

  it.each(['', '=', 'a=b', 'a b', 'a,b', 'a%20', 'a:b', 'alice@example.com', 'é', 'a\n'])(
    'knows no token68 in %j',
    (text) => {
      expect(isToken68(text)).toBe(false);
    },
  );
});

describe('isBearerToken', () => {
  it.each([
    'a',
    'eyJh.eyJz.sig-_',
    'abc+/==',
    '~.-_',
    '1|abc',
    'a:b:c',
    's:abc.d+f',
    'YWJj==--0f3a',
    'a=b',
    'a%20b',
    'user@realm',
    '$2b$10$abc',
    "it's",
    String.raw`a\b`,
    'a;b',
    '!#$%&()*<>?@^`|~',
  ])('K5h: knows %s', (text) => {
    expect(isBearerToken(text)).toBe(true);
  });

  it.each([
    '',
    '=',
    '=a',
    'a b',
    ' a',
    'a ',
    'a,b',
    '"a"',
    'a"b',
    "'a'",
    "'a",
    "a'",
    'é',
    'a\n',
    'a\r\nX: y',
    '\0',
    'a\u007f',
    '{"a":1}',
    '[]',
    'ａ',
    'a\u2028',
    'a\ud800',
  ])('HS-30, HS-32, ST-24: knows no token in %j', (text) => {
    expect(isBearerToken(text)).toBe(false);
  });

  it('K5h: knows every text that token68 allows', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9\-._~+/]+=*$/), (text) => isBearerToken(text)),
    );
  });
});

describe('hasControlCharacter', () => {
  it('finds every C0 control and DEL, and nothing else in Latin-1', () => {
    const found = Array.from({ length: 256 }, (_, code) => code).filter((code) =>
      hasControlCharacter(`a${String.fromCharCode(code)}b`),
    );
    expect(found).toEqual([...Array(32).keys(), 127]);
  });
});

describe('quotedString', () => {
  it.each([
    ['', '""'],
    ['Users', '"Users"'],
    ['say "hi"', String.raw`"say \"hi\""`],
    ['back\\slash', String.raw`"back\\slash"`],
    ['\\"', String.raw`"\\\""`],
    ['$&', '"$&"'],
  ])('quotes %j', (text, quoted) => {
    expect(quotedString(text)).toBe(quoted);
  });
});
