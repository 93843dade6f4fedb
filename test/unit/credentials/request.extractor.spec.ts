import { describe, expect, it } from 'vitest';
import { fromRequest } from '../../../lib/credentials/request.extractor.js';
import { credentialIn, limits } from '../support/credentials.js';
import { handshakeOf, type HeaderLines } from '../support/requests.js';

function find(lines: HeaderLines) {
  return credentialIn(fromRequest({ strategy: 'digest' }).find(handshakeOf('/', lines), limits));
}

describe('fromRequest()', () => {
  it('leaves the request to the strategy, and is ambient since a browser may have attached it', () => {
    const credential = find([]);
    expect(credential.content).toEqual({ scheme: 'request' });
    expect(credential).toMatchObject({
      extractor: 'fromRequest',
      ambient: true,
      cookie: false,
      strategy: ['digest'],
    });
  });

  it('CK-07: counts as a cookie when there is one and no Authorization', () => {
    expect(find([['Cookie', 's=x']]).cookie).toBe(true);
    expect(
      find([
        ['Cookie', 's=x'],
        ['Authorization', 'Digest x'],
      ]).cookie,
    ).toBe(false);
    expect(find([['Authorization', 'Digest x']]).cookie).toBe(false);
  });

  it('hides Authorization, all cookies, and the named places', () => {
    expect(fromRequest().redacts).toEqual({
      headers: ['authorization'],
      queryParams: [],
      cookies: 'all',
    });
    expect(fromRequest({ headers: ['X-Api-Key'], queryParams: ['key'] }).redacts).toEqual({
      headers: ['authorization', 'x-api-key'],
      queryParams: ['key'],
      cookies: 'all',
    });
  });
});

it.each([['X-Api-Key:'], ['x api key'], [' x-api-key'], ['X-Ok', 'ключ']])(
  'K11b: fromRequest({ headers: [%j] }) is refused: the field would not be redacted',
  (...headers) => {
    expect(() => fromRequest({ headers })).toThrow(
      'fromRequest.headers: expected names of header fields',
    );
  },
);
