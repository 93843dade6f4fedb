import { fc } from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { decodeQueryComponent, queryPairs } from '../../../lib/credentials/query.js';

describe('queryPairs', () => {
  it.each([
    ['', []],
    ['a', [['a', '']]],
    ['a=', [['a', '']]],
    ['=b', [['', 'b']]],
    ['a=b', [['a', 'b']]],
    ['a=b=c', [['a', 'b=c']]],
    [
      'a=1&a=2',
      [
        ['a', '1'],
        ['a', '2'],
      ],
    ],
    [
      '&',
      [
        ['', ''],
        ['', ''],
      ],
    ],
    ['to%6ben=x', [['token', 'x']]],
    ['a=%41', [['a', '%41']]],
    ['%=x', [['%', 'x']]],
    ['%ff=x', [['%ff', 'x']]],
    ['a;b=c', [['a;b', 'c']]],
    ['__proto__=x', [['__proto__', 'x']]],
  ])('splits %j', (query, pairs) => {
    expect(queryPairs(query)).toEqual(pairs.map(([name, value]) => ({ name, value })));
  });
});

describe('decodeQueryComponent', () => {
  it.each([
    ['abc', 'abc'],
    ['', ''],
    ['a+b', 'a+b'],
    ['a%2Bb', 'a+b'],
    ['%C3%A9', 'é'],
    ['%00', '\0'],
  ])('decodes %j', (value, decoded) => {
    expect(decodeQueryComponent(value)).toBe(decoded);
  });

  it.each(['%', '%z', '%zz', '%ff', '%C3', 'a%', '%ED%A0%80', '%C0%BA', '%u0041'])(
    'QP-03: decodes nothing in %j',
    (value) => {
      expect(decodeQueryComponent(value)).toBeUndefined();
    },
  );

  it('decodes what was encoded, and throws for nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(decodeQueryComponent(encodeURIComponent(text))).toBe(text);
        expect(() => decodeQueryComponent(text)).not.toThrow();
      }),
    );
  });

  const pieces = fc.constantFrom(
    ...'a % %4 %41 %c3 %C3%A9 %a9 %ed%a0%80 %f0%9f%98%80 %c0%80 %ff + \u00e9 \ud800 \u{1f600} \0'.split(
      ' ',
    ),
  );

  it('K6: returns what decodeURIComponent returns, which throws where this does not', () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 6 }), (parts) => {
        const text = parts.join('');
        expect(decodeQueryComponent(text)).toBe(orUndefined(() => decodeURIComponent(text)));
      }),
      { numRuns: 2_000 },
    );
  });
});

function orUndefined(decode: () => string): string | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}
