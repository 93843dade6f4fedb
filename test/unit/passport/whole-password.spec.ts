import { BasicStrategy } from 'passport-http';
import { Strategy as CustomStrategy } from 'passport-custom';
import { describe, expect, it } from 'vitest';
import { Credential, type CredentialContent } from '../../../lib/credentials/credential.js';
import { runStrategy } from '../../../lib/passport/run-strategy.js';
import type { Strategy } from '../../../lib/passport/strategy.js';
import { strategyRequest, type StrategyRequest } from '../../../lib/passport/strategy-request.js';
import { withWholePassword } from '../../../lib/passport/whole-password.js';
import { base64, basic, bearer } from '../support/credentials.js';
import { upgradeRequest } from '../support/requests.js';
import { ManualAttempt, strategyOf, type Acting } from '../support/strategies.js';

type Done = (error: unknown, user?: unknown) => void;

function present(content: CredentialContent) {
  const credential = new Credential(content, {
    extractor: 'test',
    ambient: true,
    strategy: undefined,
  });
  const attempt = new ManualAttempt();
  const request = strategyRequest({
    request: upgradeRequest('/'),
    original: { url: '/', bareUrl: '/', headers: {} },
    client: { path: '/', address: '192.0.2.1', origin: undefined },
    credential,
    attempt,
  });
  return { credential, request, attempt };
}

async function verify(strategy: Strategy, content: CredentialContent) {
  const { credential, request, attempt } = present(content);
  return runStrategy(withWholePassword(strategy, credential, request), request, attempt);
}

/** Accepts every user, and records the names. */
const recording: Strategy = new BasicStrategy((username: string, password: string, done: Done) =>
  done(null, { username, password }),
);

const readHeader = strategyOf((self, request) =>
  self.success({ authorization: (request as StrategyRequest).headers.authorization }),
);

describe('withWholePassword', () => {
  it.each([
    ['alice', 'secret'],
    ['alice', 'pa:ss'],
    ['alice', ':'],
    ['alice', ':::'],
    ['alice', 'a:b:c:d'],
    ['alice', 'ends with:'],
    ['älice', 'pä:ß'],
    ['alice', 'a:b\uFDD0c'],
    ['alice', '\uFDD0'],
    ['alice', 'pa%3Ass:x'],
    ['pa:ss'.replace(':', '\uFDD0'), 'pa:ss'],
  ])('BA-02: passport-http verifies %j with the password %j', async (username, password) => {
    await expect(verify(recording, basic(username, password))).resolves.toMatchObject({
      type: 'success',
      user: { username, password },
    });
  });

  it('BA-02: hands passReqToCallback the header as it was sent', async () => {
    const strategy = new BasicStrategy(
      { passReqToCallback: true },
      (request, username, password, done: Done) =>
        done(null, { username, password, authorization: request.headers.authorization }),
    );
    await expect(verify(strategy as Strategy, basic('alice', 'pa:ss'))).resolves.toMatchObject({
      user: {
        username: 'alice',
        password: 'pa:ss',
        authorization: `Basic ${base64('alice:pa:ss')}`,
      },
    });
  });

  it('BA-02: hands passport-custom the header as it was sent', async () => {
    const strategy = new CustomStrategy((request, done) =>
      done(null, { authorization: request.headers.authorization }),
    );
    await expect(verify(strategy as Strategy, basic('alice', 'pa:ss'))).resolves.toMatchObject({
      user: { authorization: `Basic ${base64('alice:pa:ss')}` },
    });
  });

  it('shows strategies without a verify function the header as it was sent', async () => {
    await expect(verify(readHeader, basic('alice', 'pa:ss'))).resolves.toMatchObject({
      user: { authorization: `Basic ${base64('alice:pa:ss')}` },
    });
  });

  it.each([basic('alice', 'secret'), bearer('a.b.c')])('changes nothing about %j', (content) => {
    const { credential, request } = present(content);
    expect(withWholePassword(recording, credential, request)).toBe(recording);
  });

  it('changes nothing about the strategy that others use at the same time', async () => {
    const before = Object.getOwnPropertyNames(recording);
    await Promise.all([
      verify(recording, basic('alice', 'pa:ss')),
      verify(recording, basic('bob', 'word')),
    ]);
    expect(Object.getOwnPropertyNames(recording)).toEqual(before);
  });

  it('lets the verify function find its own strategy', async () => {
    const strategy: Strategy & { _verify(...args: unknown[]): void; readonly answer: number } = {
      answer: 42,
      authenticate(this: Acting & { _verify(...args: unknown[]): void }) {
        this._verify('x', (user: object) => this.success(user));
      },
      _verify(_password: unknown, done: unknown) {
        (done as (user: object) => void)({ answer: this.answer });
      },
    };
    await expect(verify(strategy, basic('alice', 'pa:ss'))).resolves.toMatchObject({
      user: { answer: 42 },
    });
  });

  it.each([
    ['BA-03: an empty name', '', 'pw'],
    ['BA-03: an empty password', 'alice', ''],
  ])('passport-http refuses %s', async (_what, username, password) => {
    await expect(verify(recording, basic(username, password))).resolves.toMatchObject({
      type: 'fail',
      challenge: 'Basic realm="Users"',
    });
  });
});
