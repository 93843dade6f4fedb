import type { IncomingHttpHeaders } from 'node:http';
import { expect, it, vi } from 'vitest';
import type { CredentialContent } from '../../../lib/credentials/credential.js';
import { PlainRequest } from '../../../lib/passport/plain-request.js';
import type { StrategyRequest } from '../../../lib/passport/strategy-request.js';
import { WatchedRequest } from '../../../lib/passport/watched-request.js';
import { tokenOf } from '../../support/tokens.js';
import { upgradeRequest } from '../support/requests.js';
import { ManualAttempt } from '../support/strategies.js';

const places = {
  headers: new Set<string>(),
  queryParams: new Set<string>(),
  passwordField: 'password',
};

it('K6b: notes the tokens of a list once, however often a strategy reads the list', () => {
  const tokens = ['alice', 'bob', 'carol'].map((user) => tokenOf(user));
  const request = upgradeRequest(
    '/ws',
    tokens.map((token, index) => [`X-Token-${index}`, token]),
  ) as StrategyRequest;
  request.query = {};
  const watched = new WatchedRequest(request, { scheme: 'request' }, places);
  const noted = vi.spyOn(watched.read, 'add');
  for (let index = 0; index < 1_000; index += 1) {
    expect(request.rawHeaders.length).toBeGreaterThan(0);
  }
  expect([...watched.read]).toEqual(tokens);
  expect(noted).toHaveBeenCalledTimes(tokens.length);
});

it('K10a: gives a strategy what it has put in the place of a token', () => {
  const { headers, watched } = watch([['Authorization', `Bearer ${tokenOf('alice')}`]]);
  headers.authorization = 'removed';
  expect(headers.authorization).toBe('removed');
  expect(watched.held.size).toBe(1);
});

it('K5a: leaves nothing of a request on the prototype that all requests share', () => {
  const request = new PlainRequest(upgradeRequest('/ws', []), new ManualAttempt());
  request.headers = { cookie: 'id=alice' };
  request.query = {};
  void new WatchedRequest(request, { scheme: 'request' }, places);
  expect(Object.getOwnPropertyDescriptor(PlainRequest.prototype, 'cookies')).toMatchObject({
    get: expect.any(Function),
  });
});

it('K10a: knows a token that is the name of a field', () => {
  const token = tokenOf('alice');
  const { watched } = watch([], { scheme: 'fields', token: undefined, body: { [token]: true } });
  expect([...watched.held]).toEqual([token]);
});

it('K5a: notes the token of a parsed cookie, and of no other', () => {
  const [read, other] = [tokenOf('alice'), tokenOf('bob')];
  const { request, watched } = watch([['Cookie', `jwt=${read}; other=${other}`]]);
  const { cookies } = request as unknown as { cookies: Record<string, unknown> };
  expect([...watched.read]).toEqual([]);
  expect(cookies['jwt']).toBe(read);
  expect([...watched.read]).toEqual([read]);
});

it('K5a: lets a strategy put other cookies in the place of the parsed ones', () => {
  const { request } = watch([['Cookie', `jwt=${tokenOf('alice')}`]]);
  Object.assign(request, { cookies: { jwt: 'other' } });
  expect(request).toMatchObject({ cookies: { jwt: 'other' } });
});

function watch(
  fields: [string, string][],
  content: CredentialContent = { scheme: 'request' },
): { request: StrategyRequest; headers: IncomingHttpHeaders; watched: WatchedRequest } {
  const request = Object.assign(upgradeRequest('/ws', fields), { query: {} }) as StrategyRequest;
  const watched = new WatchedRequest(request, content, places);
  return { request, headers: request.headers, watched };
}
