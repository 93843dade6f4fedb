import { expect, it, vi } from 'vitest';
import type { StrategyRequest } from '../../../lib/passport/strategy-request.js';
import { WatchedRequest } from '../../../lib/passport/watched-request.js';
import { tokenOf } from '../../support/tokens.js';
import { upgradeRequest } from '../support/requests.js';

it('K6b: notes the tokens of a list once, however often a strategy reads the list', () => {
  const tokens = ['alice', 'bob', 'carol'].map((user) => tokenOf(user));
  const request = upgradeRequest(
    '/ws',
    tokens.map((token, index) => [`X-Token-${index}`, token]),
  ) as StrategyRequest;
  request.query = {};
  const watched = new WatchedRequest(request, { scheme: 'request' }, 'password');
  const noted = vi.spyOn(watched.read, 'add');
  for (let index = 0; index < 1_000; index += 1) {
    expect(request.rawHeaders.length).toBeGreaterThan(0);
  }
  expect([...watched.read]).toEqual(tokens);
  expect(noted).toHaveBeenCalledTimes(tokens.length);
});
