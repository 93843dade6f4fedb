import { expect, it } from 'vitest';
import { closingOf, graphqlCode } from '../../../../lib/adapters/graphql-ws/graphql-closing.js';
import { WsAuthCloseCode } from '../../../../lib/protocol/close-code.js';
import { endings } from '../../../../lib/adapters/endings.js';

/** What the official client does after each code, as graphql-ws documents it. */
const retried = [4403, 4408, 1001, 1013];

it('maps every code to one after which the official client does what the code asks', () => {
  const codes = Object.fromEntries(
    Object.values(WsAuthCloseCode).map((code) => [code, graphqlCode(code)]),
  );
  expect(codes).toEqual({
    1000: 4401,
    1001: 1001,
    1003: 4401,
    1008: 4401,
    1009: 4401,
    1011: 1013,
    1013: 1013,
    3000: 4403,
    3003: 4401,
    3008: 4408,
  });
});

it.each(Object.keys(endings) as (keyof typeof endings)[])('closes a session that is %s', (why) => {
  const { code, reason } = closingOf({ why });
  expect(retried.includes(code)).toBe(why !== 'disconnected' && why !== 'replaced');
  expect(reason).toBe(endings[why].reason);
  expect(closingOf({ why, code: 4999, reason: 'own' })).toEqual({ code: 4999, reason: 'own' });
});
