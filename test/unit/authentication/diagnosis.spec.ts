import { ForbiddenException } from '@nestjs/common';
import jwt from 'jsonwebtoken';
import { Strategy as PassportJwtStrategy, ExtractJwt } from 'passport-jwt';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { AcceptanceWarnings } from '../../../lib/authentication/acceptance-warnings.js';
import { Authenticator } from '../../../lib/authentication/authenticator.js';
import { StrategyChain } from '../../../lib/authentication/strategy-chain.js';
import { fromAuthorizationHeader } from '../../../lib/credentials/authorization-header.extractor.js';
import { fromCookie } from '../../../lib/credentials/cookie.extractor.js';
import { fromRequest } from '../../../lib/credentials/request.extractor.js';
import type { Strategy } from '../../../lib/passport/strategy.js';
import type { WsAuthModuleOptions } from '../../../lib/policy/options.js';
import type { WsAuthDiagnosis } from '../../../lib/protocol/diagnosis.js';
import { Refusal } from '../../../lib/protocol/refusal.js';
import { secret, tokenOf, unverifiedToken } from '../../support/tokens.js';
import { AuthenticatorHarness } from '../support/authentication.js';
import type { HeaderLines } from '../support/requests.js';
import { strategiesOf, strategyOf, type Acting } from '../support/strategies.js';
import { KeyCheck } from '../../../lib/authentication/key-check.js';

afterEach(() => {
  vi.useRealTimers();
});

const lines = (token: string): HeaderLines => [['Authorization', `Bearer ${token}`]];

function jwtStrategy(extract = ExtractJwt.fromAuthHeaderAsBearerToken(), options = {}): Strategy {
  const settings = {
    jwtFromRequest: extract,
    secretOrKey: secret as unknown as Buffer,
    ...options,
  };
  return new PassportJwtStrategy(
    settings,
    (payload: object, done: (error: null, user: object) => void) => done(null, payload),
  );
}

async function diagnosisOf(
  strategies: Readonly<Record<string, Strategy>>,
  token: string,
  options: WsAuthModuleOptions = {},
): Promise<WsAuthDiagnosis> {
  const decision = await new AuthenticatorHarness(strategies, options).decide('/', lines(token));
  expect(decision).toBeInstanceOf(Refusal);
  return (decision as Refusal).diagnosis;
}

const acting = (act: (run: Acting) => unknown): Strategy => strategyOf(act);

const accepting = (user: unknown): Strategy => acting((run) => run.success(user, undefined));

class LdapError extends Error {}

describe('the diagnosis of a refused credential', () => {
  it.each<[string, string, string?]>([
    ['TokenExpiredError', tokenOf('a', { exp: 1 })],
    ['NotBeforeError', tokenOf('a', { nbf: Date.now() })],
    ['JsonWebTokenError', tokenOf('a').replace(/..$/, 'xx'), 'signature'],
    ['JsonWebTokenError', jwt.sign({ sub: 'a' }, 'another key'), 'signature'],
    ['JsonWebTokenError', 'opaque', 'no-jwt'],
  ])(
    'K8g: names %s of passport-jwt, the strategy and the extractor',
    async (answer, token, fault) => {
      expect(await diagnosisOf({ jwt: jwtStrategy() }, token)).toEqual({
        extractor: 'fromAuthorizationHeader',
        strategies: [{ strategy: 'jwt', answer, ...(fault && { fault }) }],
      });
    },
  );

  it.each<[string, string, (run: Acting) => unknown, status?: number]>([
    ['failed', 'a failure without a reason', (run) => run.fail(undefined)],
    ['failed', 'a failure with a text', (run) => run.fail('secret')],
    ['failed', 'a failure with a message', (run) => run.fail({ message: 'secret' })],
    ['failed', 'a failure with a status', (run) => run.fail(403), 403],
    ['failed', 'a failure with a text and a status', (run) => run.fail('secret', 400), 400],
    ['failed', 'a failure with a status that is a text', (run) => run.fail('secret', '400')],
    [
      'IncorrectPasswordError',
      'a named reason',
      (run) => run.fail({ name: 'IncorrectPasswordError' }),
    ],
    ['LdapError', 'a failure with an error', (run) => run.fail(new LdapError('secret'))],
    ['invalid_token', 'a challenge', (run) => run.fail('Bearer error="invalid_token"')],
    ['redirected', 'a redirect', (run) => run.redirect('https://login.example/')],
    ['passed', 'a pass', (run) => run.pass()],
    ['ForbiddenException', 'an exception', (run) => run.error(new ForbiddenException('secret'))],
    [
      'LdapError',
      'a thrown error',
      () => {
        throw new LdapError('secret');
      },
    ],
    ['threw', 'a thrown text', (run) => run.error('secret')],
  ])('K8g: is %s for %s', async (answer, _what, act, status) => {
    const diagnosis = await diagnosisOf({ own: acting(act) }, 'secret');
    expect(diagnosis.strategies).toEqual([{ strategy: 'own', answer, ...(status && { status }) }]);
    expect(JSON.stringify(diagnosis)).not.toContain('secret');
  });

  it('K8g: names each strategy of a chain, in order, to the one that ended it', async () => {
    const strategies = {
      jwt: jwtStrategy(),
      key: acting((run) => run.fail(undefined, 401)),
      ldap: acting((run) => run.error(new LdapError('secret'))),
      never: acting((run) => run.success({ id: 'a' })),
    };
    const { strategies: answers } = await diagnosisOf(strategies, 'x');
    expect(answers).toEqual([
      { strategy: 'jwt', answer: 'JsonWebTokenError', fault: 'no-jwt' },
      { strategy: 'key', answer: 'failed', status: 401 },
      { strategy: 'ldap', answer: 'LdapError' },
    ]);
  });

  it.each([
    [302, 'ERR_WS_AUTH_REDIRECTED'],
    [403, 'ERR_WS_AUTH_NOT_PERMITTED'],
  ])('K5: names the status %i that a strategy has answered by itself', async (status, code) => {
    const own = strategyOf((_run, request) => {
      const { res } = request as { readonly res: { sendStatus(code: number): void } };
      res.sendStatus(status);
    });
    const decision = await new AuthenticatorHarness({ jwt: own }, {}).decide('/', lines('a'));
    expect(decision).toMatchObject({
      code,
      diagnosis: { strategies: [{ strategy: 'jwt', answer: 'answered', status }] },
    });
  });

  it('K8g: names a strategy whose own extractor finds nothing', async () => {
    const strategy = jwtStrategy(ExtractJwt.fromUrlQueryParameter('token'));
    const { strategies } = await diagnosisOf({ jwt: strategy }, tokenOf('a'));
    expect(strategies).toEqual([{ strategy: 'jwt', answer: 'no-token-found' }]);
  });

  it('K8g: names a strategy that is not registered', async () => {
    const harness = new AuthenticatorHarness({}, { strategy: 'gone' });
    const decision = await harness.decide('/', lines('x'));
    expect(decision).toMatchObject({
      diagnosis: { strategies: [{ strategy: 'gone', answer: 'not-registered' }] },
    });
  });

  it('K8g: names the strategy that does not answer in time', async () => {
    vi.useFakeTimers();
    const harness = new AuthenticatorHarness({
      jwt: acting((run) => run.fail(undefined)),
      slow: acting(() => undefined),
    });
    const attempt = harness.attempt();
    void harness.authenticator.decide(harness.subjectOf('/', lines('x')), attempt);
    await vi.advanceTimersByTimeAsync(harness.policy.authTimeoutMs);
    expect(attempt.refusal?.diagnosis).toEqual({
      check: 'deadline',
      strategies: [{ strategy: 'slow', answer: 'no-answer' }],
    });
  });

  it('K8g: names the wait for a first message', async () => {
    vi.useFakeTimers();
    const attempt = new AuthenticatorHarness({ jwt: jwtStrategy() }).attempt();
    attempt.deadlineCode = 'ERR_WS_AUTH_TIMEOUT';
    await vi.advanceTimersByTimeAsync(5_000);
    expect(attempt.refusal?.diagnosis).toEqual({ check: 'first-message-deadline' });
  });

  it('K8p: names the fields of a message that strategies refuse', async () => {
    const harness = new AuthenticatorHarness({ jwt: jwtStrategy() });
    const refused = (await harness.message({ accessToken: 'secret', device: 'x' })) as Refusal;
    expect(refused.diagnosis).toEqual({
      extractor: 'fromFirstMessage',
      strategies: [{ strategy: 'jwt', answer: 'no-token-found' }],
      fields: ['accessToken', 'device'],
    });
  });

  it.each<[string, WsAuthModuleOptions]>([
    ['fromAuthorizationHeader', { credentials: [fromAuthorizationHeader()] }],
    [
      'fromAuthorizationHeader+fromCookie',
      { credentials: [fromAuthorizationHeader(), fromCookie('s')] },
    ],
    ['fromRequest', { credentials: [fromRequest()] }],
  ])('K8g: names the extractors %s that found no credential', async (extractor, options) => {
    const silent = acting((run) => run.pass());
    const decision = await new AuthenticatorHarness({ own: silent }, options).decide('/');
    expect((decision as Refusal).diagnosis).toMatchObject({ extractor });
  });
});

describe('what is refused although a strategy accepts it', () => {
  const expired = unverifiedToken({ exp: 1 });

  it.each<[string, unknown, string, WsAuthModuleOptions]>([
    ['no-object', true, 'opaque', {}],
    ['no-object', 'alice', 'opaque', {}],
    ['no-object', [{ id: 1 }], 'opaque', {}],
    ['no-object', Promise.resolve({ id: 1 }), 'opaque', {}],
    ['expired', { id: 1, exp: 1_500 }, 'opaque', {}],
    ['expired', { id: 1 }, expired, {}],
    ['expired', { id: 1 }, 'opaque', { expiresAt: () => Date.now() - 1 }],
    ['expiry', { id: 1, exp: 'never' }, 'opaque', {}],
    ['expiry', { id: 1 }, 'opaque', { expiresAt: () => Number.NaN }],
    ['bound', { id: 1 }, unverifiedToken({ cnf: { jkt: 'x' } }), {}],
  ])('K5f, K5g, K8g: is diagnosed as %s', async (check, user, token, options) => {
    const { strategies } = await diagnosisOf({ own: accepting(user) }, token, options);
    expect(strategies).toEqual([{ strategy: 'own', answer: 'accepted', check }]);
  });

  it('K8g: is diagnosed as no-key where sessions are counted by user', async () => {
    const strategy = accepting({ email: 'a@b' });
    expect(await diagnosisOf({ own: strategy }, 'opaque', { maxSessionsPerUser: 1 })).toMatchObject(
      {
        check: 'no-key',
        strategies: [{ strategy: 'own', answer: 'accepted' }],
      },
    );
  });

  it('K5f, K5g, K8g: is warned of once per strategy and reason', async () => {
    const users: Record<string, unknown> = {
      text: 'alice',
      points: { id: 1, exp: 1_500 },
      last: { id: 1, exp: 253_402_300_799 },
      milliseconds: { id: 1, exp: Date.now() + 60_000 },
    };
    const warnings: string[] = [];
    const harness = new AuthenticatorHarness({ own: accepting(undefined) });
    const strategies = strategiesOf({
      own: strategyOf((run, request) => {
        const { authorization } = (request as { headers: Record<string, string> }).headers;
        run.success(users[authorization!.slice(7)], undefined);
      }),
    });
    const chain = new StrategyChain(harness.policy, strategies, {
      keys: new KeyCheck(harness.policy),
      warnings: new AcceptanceWarnings((text) => warnings.push(text)),
    });
    const { checks } = harness.authenticator;
    const authenticator = new Authenticator(harness.policy, chain, checks);
    Object.assign(harness, { authenticator });
    for (const token of [...Object.keys(users), ...Object.keys(users)]) {
      await harness.decide('/', lines(token));
    }
    expect(warnings).toEqual([
      expect.stringMatching(/^strategy: own accepted .* is not an object; return an object/),
      expect.stringMatching(/^strategy: own accepted .* past its end .* set the option expiresAt/),
      expect.stringMatching(/^strategy: own accepted .* never ends: exp counts seconds/),
    ]);
  });
});

describe('the diagnosis of a refused origin', () => {
  const cookie: HeaderLines = [['Cookie', 's=opaque']];
  const options = { credentials: [fromCookie('s')] };

  it.each<[string | undefined, WsAuthModuleOptions, object]>([
    [
      'https://evil.example',
      {},
      { sent: 'https://evil.example', expected: ['http://gateway.example:3000'] },
    ],
    ['null', {}, { sent: 'null', expected: ['http://gateway.example:3000'] }],
    [undefined, {}, { sent: 'none', expected: ['http://gateway.example:3000'] }],
    [
      'not an origin: secret',
      {},
      { sent: 'unreadable', expected: ['http://gateway.example:3000'] },
    ],
    [
      'HTTPS://Evil.example:443',
      { allowedOrigins: ['https://app.example', /https:\/\/.*\.app\.example/] },
      {
        sent: 'https://evil.example',
        expected: ['https://app.example', String(/https:\/\/.*\.app\.example/)],
      },
    ],
    [
      'https://evil.example',
      { allowedOrigins: () => false },
      { sent: 'https://evil.example', expected: ['predicate'] },
    ],
    [
      'https://evil.example',
      { allowedOrigins: Array.from({ length: 20 }, (_, index) => `https://${index}.example`) },
      {
        sent: 'https://evil.example',
        expected: [...Array.from({ length: 8 }, (_, index) => `https://${index}.example`), '...'],
      },
    ],
  ])('K8j: has both sides of %s', async (origin, more, expected) => {
    const sent: HeaderLines = origin === undefined ? cookie : [...cookie, ['Origin', origin]];
    const harness = new AuthenticatorHarness(
      { own: accepting({ id: 'a' }) },
      { ...options, ...more },
    );
    const decision = await harness.decide('/', sent);
    expect((decision as Refusal).diagnosis).toEqual({
      check: 'origin',
      extractor: 'fromCookie',
      origin: expected,
    });
  });
});
