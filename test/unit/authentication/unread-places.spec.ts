import { describe, expect, it } from 'vitest';
import { withUnread } from '../../../lib/authentication/unread-places.js';
import { Refusal, refusedBy } from '../../../lib/protocol/refusal.js';

const required = new Refusal('ERR_WS_AUTH_CREDENTIAL_REQUIRED', {
  challenges: ['Bearer'],
  diagnosis: { check: 'no-credential' },
});

describe('withUnread', () => {
  it.each<[string, string, Record<string, string>, readonly string[] | undefined]>([
    ['nothing', '/ws', {}, undefined],
    ['an empty query', '/ws?', {}, undefined],
    ['a header field', '/ws', { authorization: 'SECRET' }, ['authorization']],
    ['a parameter', '/ws?jwt=SECRET&b=1', {}, ['?jwt', '?b']],
    ['a token for a name', '/ws?eyJhbGciOiJI.SECRET=1', {}, undefined],
    ['a token without a name', '/ws?SECRET', {}, undefined],
    ['a name that does not decode', '/ws?%ff=SECRET', {}, undefined],
    ['cookies', '/ws', { cookie: 'jwt=SECRET; b=1; broken' }, ['cookie:jwt', 'cookie:b']],
    ['cookies without a name', '/ws', { cookie: '=SECRET; =; ; jwt =SECRET' }, ['cookie:jwt']],
    ...[
      'bearer, SECRET',
      'chat, bearer.SECRET',
      'Authorization, SECRET',
      'SECRET-1234',
      'S'.repeat(33),
    ].map((offered): [string, string, Record<string, string>, readonly string[]] => [
      `a subprotocol of ${offered.length} characters`,
      '/ws',
      { 'sec-websocket-protocol': offered },
      ['sec-websocket-protocol'],
    ]),
    ...[
      'graphql-transport-ws',
      'arduino',
      'v10.stomp, v11.stomp',
      'ocpp2.0.1',
      'base64.binary.k8s.io',
    ].map((name): [string, string, Record<string, string>, undefined] => [
      `nothing, since ${name} is a name,`,
      '/ws',
      { 'sec-websocket-protocol': name },
      undefined,
    ]),
    [
      'parameters of Socket.IO',
      '/socket.io/?EIO=4&transport=polling&t=a&token=SECRET',
      {},
      ['?token'],
    ],
    ['a parameter t of another client', '/ws?t=SECRET', {}, ['?t']],
    ['many', '/ws?a=1&b=1&c=1&d=1&e=1&f=1', {}, ['?a', '?b', '?c', '?d', '?e']],
  ])('K8: names where %s stands, and no value', (_what, url, headers, unread) => {
    const { diagnosis, challenges } = withUnread(required, { url, bareUrl: '/ws', headers });
    expect(diagnosis).toEqual({ check: 'no-credential', ...(unread && { unread }) });
    expect(challenges).toEqual(['Bearer']);
    expect(JSON.stringify(diagnosis)).not.toContain('SECRET');
  });

  it('K13a: names what rejected a cookie instead of the cookie, which was read', () => {
    const strategies = [{ strategy: 'jwt', answer: 'TokenExpiredError' }];
    const diagnosis = { extractor: 'fromCookie', strategies };
    const passedOver = new Refusal('ERR_WS_AUTH_CREDENTIAL_REJECTED', { diagnosis });
    const original = { url: '/ws', bareUrl: '/ws', headers: { cookie: 'jwt=SECRET' } };
    const explained = withUnread(required, original, passedOver);
    expect(explained.diagnosis).toEqual({ check: 'no-credential', rejected: diagnosis });
    const malformed = refusedBy('token-syntax', 'ERR_WS_AUTH_MALFORMED_CREDENTIAL');
    const { rejected } = withUnread(required, original, malformed).diagnosis;
    expect(rejected).toEqual({ check: 'token-syntax' });
  });

  it('K8: leaves refusals of a credential as they are', () => {
    const rejected = new Refusal('ERR_WS_AUTH_CREDENTIAL_REJECTED');
    expect(withUnread(rejected, { url: '/?a=1', bareUrl: '/', headers: {} })).toBe(rejected);
  });
});
