import { fc } from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { cookieValues, redactCookies } from '../../../lib/credentials/cookies.js';

describe('cookieValues', () => {
  it.each([
    ['s=good', ['good']],
    ['a=1; s=good; b=2', ['good']],
    ['a=1;s=good;b=2', ['good']],
    [' s = good ', ['good']],
    ['s="good"', ['good']],
    ['s=""', ['']],
    ['s=a=b==', ['a=b==']],
    ['s=', ['']],
    ['s=good; s=evil', ['good', 'evil']],
    ['s=evil; s=good', ['evil', 'good']],
    ['s=same; s=same', ['same', 'same']],
    ['s=a; xs=b; s.x=c; S=d', ['a']],
    [';', []],
    ['s', []],
    ['xs', []],
    ['s="', ['"']],
    ['s="unterminated', ['"unterminated']],
    ['=v', []],
    [';;;', []],
    ['s=%E0%A4%A', ['%E0%A4%A']],
    ['__proto__=x; constructor=y; hasOwnProperty=z', []],
    ['', []],
  ])('CK-01, CK-04: reads %s', (header, values) => {
    expect(cookieValues(header, 's')).toEqual(values);
  });

  it.each(['__proto__', 'constructor', 'hasOwnProperty'])('CK-04: reads the name %s', (name) => {
    expect(cookieValues(`a=1; ${name}=x`, name)).toEqual(['x']);
    expect(cookieValues('a=1', name)).toEqual([]);
  });

  it('CK-01: throws for no header', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        expect(() => cookieValues(header, 's')).not.toThrow();
      }),
    );
  });
});

describe('redactCookies', () => {
  it.each([
    ['a=1; s=secret; b=2', 'a=1; s=X; b=2'],
    ['s=secret', 's=X'],
    ['s=secret; s=secret', 's=X; s=X'],
    ['s="sec ret"', 's=X'],
    ['a=s; xs=1', 'a=s; xs=1'],
    ['s = secret', 's=X'],
    ['a=1;s=secret', 'a=1; s=X'],
  ])('hides a named cookie in %s', (header, hidden) => {
    expect(redactCookies(header, ['s'], 'X')).toBe(hidden);
  });

  it('hides all of them', () => {
    expect(redactCookies('a=1; b=2', 'all', 'X')).toBe('a=X; b=X');
  });

  it('hides a cookie without a name, which is all value', () => {
    expect(redactCookies('secret', 'all', 'X')).not.toContain('secret');
    expect(redactCookies('a=1; secret', 'all', 'X')).not.toContain('secret');
  });

  it('leaves no value that cookieValues() would find', () => {
    const pair = fc.tuple(fc.constantFrom('s', ' s', 's ', 'a', ''), fc.string());
    fc.assert(
      fc.property(fc.array(pair), (pairs) => {
        const header = pairs.map(([name, value]) => `${name}=${value}`).join(';');
        const found = cookieValues(redactCookies(header, ['s'], 'X'), 's');
        expect(found.every((value) => value === 'X')).toBe(true);
        expect(found).toHaveLength(cookieValues(header, 's').length);
      }),
    );
  });
});
