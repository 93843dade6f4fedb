import { describe, expect, it } from 'vitest';
import { redactParams } from '../../../lib/adapters/graphql-ws/connection-params.js';
import { redactPayload } from '../../../lib/adapters/redact-payload.js';
import { tokenOf } from '../../support/tokens.js';

const names =
  'token authToken accessToken access_token id_token refreshToken sessionToken jwt bearer AUTHORIZATION authorisation x-api-key ' +
  'apiKey accessKey privateKey cookie secret password passphrase pass pwd pin otp totp code key sid auth x-auth credentials ticket ' +
  'assertion signature';

const texts: Readonly<Record<string, string>> = {
  'a JWT': tokenOf('ann'),
  'an encrypted JWT': 'eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVy.dGFn',
  'a Bearer credential': 'Bearer s',
  'a Basic credential': 'basic YTpi',
};

/** Each place of a payload in which a client may write a field. */
const places: Readonly<Record<string, (field: object) => object>> = {
  itself: (field) => field,
  headers: (field) => ({ headers: field }),
  'a deeper field': (field) => ({ a: { b: field } }),
  'a list': (field) => ({ list: [field] }),
  'a field below what is read': (field) => ({ a: { b: { c: { d: field } } } }),
};

describe.each(Object.entries(places))('LG-02: a payload, with a field in %s', (_place, at) => {
  it.each(names.split(' '))('hides %s, on each transport that shows payloads', (name) => {
    const payload = at({ [name]: 's3cret' });
    for (const shown of [redactPayload(payload), redactParams(payload)]) {
      expect(JSON.stringify(shown)).not.toContain('s3cret');
    }
  });

  it('FM-13: has no key that would become a prototype where the application copies it', () => {
    const payload = at(JSON.parse('{"__proto__":{"isAdmin":true},"room":"lobby"}') as object);
    for (const shown of [redactPayload(payload), redactParams(payload)]) {
      expect(JSON.stringify(shown)).not.toContain('isAdmin');
    }
  });

  it.each(Object.entries(texts))('hides %s under any name', (_what, text) => {
    expect(JSON.stringify(redactPayload(at({ x: text })))).not.toContain(text);
  });
});

it.each([{ room: 'lobby', page: 3, 'x-tenant': 'a', list: [1, 'eye.care', null] }, {}])(
  'the payload %o is shown as it is',
  (payload) => {
    expect([redactPayload(payload), redactParams(payload)]).toEqual([payload, payload]);
  },
);
