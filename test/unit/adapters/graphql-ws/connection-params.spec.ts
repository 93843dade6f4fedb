import { describe, expect, it } from 'vitest';
import {
  credentialFields,
  redactParams,
} from '../../../../lib/adapters/graphql-ws/connection-params.js';
import { Refusal } from '../../../../lib/protocol/refusal.js';

describe('the payload of connection_init', () => {
  it.each([
    [undefined, undefined],
    [null, undefined],
    ['text', undefined],
    [['list'], undefined],
    [{}, {}],
    [{ token: 'a' }, { token: 'a' }],
    [{ authorization: 'Bearer a' }, { token: 'a' }],
    [{ Authorization: 'BEARER   a' }, { token: 'a' }],
    [{ headers: { authorization: 'Bearer a' } }, { token: 'a' }],
    [{ headers: { 'x-tenant': 'b' } }, {}],
    [{ token: 'a', headers: { Authorization: 'Bearer a' } }, { token: 'a' }],
    [{ token: 5 }, { token: 5 }],
    [{ authorization: null }, {}],
    [
      { username: 'ann', password: 'b' },
      { username: 'ann', password: 'b' },
    ],
    [
      { token: 'a', tenant: 'b' },
      { token: 'a', tenant: 'b' },
    ],
  ])('%o holds the fields %o', (params, fields) => {
    expect(credentialFields(params)).toEqual(fields);
  });

  it.each([
    [{ token: 'a', authorization: 'Bearer b' }],
    [{ authorization: 'Bearer a', Authorization: 'Bearer b' }],
    [{ token: 'a', headers: { authorization: 'b' } }],
  ])('%o is refused, since which token counts would be an accident', (params) => {
    expect(credentialFields(params)).toBeInstanceOf(Refusal);
  });

  it.each([
    [undefined, undefined],
    ['secret', undefined],
    [{ tenant: 'a' }, { tenant: 'a' }],
    [
      { token: 's', authorization: 's', Authorization: 's', password: 's', authToken: 's', a: 1 },
      {
        token: 'REDACTED',
        authorization: 'REDACTED',
        Authorization: 'REDACTED',
        password: 'REDACTED',
        authToken: 'REDACTED',
        a: 1,
      },
    ],
    [
      { headers: { Authorization: 's', 'x-tenant': 'a' } },
      { headers: { Authorization: 'REDACTED', 'x-tenant': 'a' } },
    ],
  ])('%o is shown as %o', (params, shown) => {
    expect(redactParams(params)).toEqual(shown);
  });
});
