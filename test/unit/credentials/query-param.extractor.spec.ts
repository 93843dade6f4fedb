import { describe, expect, it } from 'vitest';
import { fromQueryParam } from '../../../lib/credentials/query-param.extractor.js';
import { bearer, credentialIn, limits, summary } from '../support/credentials.js';
import { handshakeOf } from '../support/requests.js';

function find(query: string, param = 'token') {
  return fromQueryParam(param).find(handshakeOf(`/ws?${query}`), limits);
}

describe('fromQueryParam()', () => {
  it.each([
    '',
    'a=b',
    'token',
    'token=',
    'token&a=b',
    'TOKEN=x',
    'Token=x',
    'tokens=x',
    'atoken=x',
  ])('QP-02, QP-07: finds nothing in %j', (query) => {
    expect(find(query)).toBeUndefined();
  });

  it.each(['token[]=a', 'token[x]=a', 'token%5B%5D=a', 'token.x=a', 'a=1;token=x', 'a=?token=x'])(
    'QP-05: finds nothing in %j, which other parsers read as something else',
    (query) => {
      expect(find(query)).toBeUndefined();
    },
  );

  it.each([
    ['token=abc', 'abc'],
    ['a=b&token=abc&c=d', 'abc'],
    ['to%6Ben=abc', 'abc'],
    ['token=a%2Eb', 'a.b'],
    ['token=a+b/c==', 'a+b/c=='],
    ['token=a%2Bb', 'a+b'],
    ['token=abc&token[]=x', 'abc'],
  ])('reads %j', (query, token) => {
    expect(summary(find(query))).toEqual(bearer(token));
  });

  it.each([
    ['QP-01: two of them', 'token=a&token=b'],
    ['QP-01: the same twice', 'token=a&token=a'],
    ['QP-01: the second with an encoded name', 'token=a&%74oken=b'],
    ['QP-01: an empty one and another', 'token=&token=b'],
    ['QP-01: one without a value and another', 'token&token=b'],
    ['QP-03: a bare percent sign', 'token=%'],
    ['QP-03: no hexadecimal digits', 'token=%zz'],
    ['QP-03: bytes that are not UTF-8', 'token=%ff'],
    ['HS-30: control characters', 'token=a%00b%0d%0aX-Evil:1'],
    ['an encoded space', 'token=a%20b'],
    ['a quote', 'token="a"'],
    ['a character outside ASCII', 'token=%C3%A9'],
    ['JSON', 'token={"a":1}'],
  ])('refuses %s with 400', (_what, query) => {
    expect(find(query)).toMatchObject({
      code: 'ERR_WS_AUTH_MALFORMED_CREDENTIAL',
      httpStatus: 400,
      reason: 'malformed credential',
    });
  });

  it('HS-28: measures the decoded token', () => {
    expect(summary(find(`token=${'%41'.repeat(8_192)}`))).toEqual(bearer('A'.repeat(8_192)));
    expect(summary(find(`token=${'x'.repeat(8_193)}`))).toBe('ERR_WS_AUTH_CREDENTIAL_TOO_LARGE');
  });

  it.each(['__proto__', 'constructor', 'a[]', 'é'])('compares the name %s as it is', (param) => {
    expect(find('a=b', param)).toBeUndefined();
    expect(summary(find(`${encodeURIComponent(param)}=x`, param))).toEqual(bearer('x'));
  });

  it('is explicit, and hides its parameter', () => {
    expect(credentialIn(find('token=x'))).toMatchObject({
      extractor: 'fromQueryParam',
      ambient: false,
      cookie: false,
    });
    expect(fromQueryParam('t', { strategy: 'ws-ticket' })).toMatchObject({
      ambient: false,
      place: 'query',
      challengeSchemes: ['Bearer'],
      redacts: { queryParams: ['t'] },
      strategy: ['ws-ticket'],
    });
  });
});
