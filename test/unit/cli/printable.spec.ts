import { describe, expect, it } from 'vitest';
import { printable } from '../../../lib/cli/printable.js';
import { fc } from '../../support/property.js';

const withheld = '(not printed: it repeats the credential)';
const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2ln?a=b c';

/** Forms in which a server may repeat a token. */
const forms: readonly [name: string, text: string][] = [
  ['as it is', token],
  ['as in a URL', encodeURIComponent(token)],
  ['as base64', Buffer.from(token).toString('base64')],
  ['as base64url', Buffer.from(token).toString('base64url')],
  ['as hexadecimal digits', Buffer.from(token).toString('hex')],
  ['its beginning', token.slice(0, 8)],
  ['its middle', token.slice(20, 28)],
];

describe('text of a server that is printed', () => {
  it.each(forms)('holds no part of the token: %s', (_, form) => {
    expect(printable(`Cannot GET /?token=${form} HTTP/1.1`, token)).toBe(withheld);
  });

  it('holds no part of any token, short or long', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 40 }), fc.string(), (secret, around) => {
        expect(printable(around + secret, secret)).toBe(withheld);
      }),
    );
  });

  it('is one bounded line without control characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        expect(printable(text, 'a token that is not there')).toMatch(/^[\x20-\x7e]{0,123}$/);
      }),
    );
  });
});
