import { createSecretKey, randomBytes } from 'node:crypto';
import { UnauthorizedException } from '@nestjs/common';
import jwt from 'jsonwebtoken';
import { Strategy as CustomStrategy } from 'passport-custom';
import { BasicStrategy } from 'passport-http';
import { Strategy as BearerStrategy } from 'passport-http-bearer';
import { ExtractJwt, Strategy as JwtStrategy } from 'passport-jwt';
import { Strategy as LocalStrategy } from 'passport-local';
import { describe, expect, it, vi } from 'vitest';
import type { Decision } from '../../../lib/authentication/authenticator.js';
import { fromAuthorizationHeader } from '../../../lib/credentials/authorization-header.extractor.js';
import { fromCookie } from '../../../lib/credentials/cookie.extractor.js';
import { fromQueryParam } from '../../../lib/credentials/query-param.extractor.js';
import { fromRequest } from '../../../lib/credentials/request.extractor.js';
import { fromUserInfo } from '../../../lib/credentials/user-info.extractor.js';
import type { Strategy } from '../../../lib/passport/strategy.js';
import type { StrategyRequest } from '../../../lib/passport/strategy-request.js';
import { Refusal } from '../../../lib/protocol/refusal.js';
import { AuthenticatorHarness } from '../support/authentication.js';
import { base64 } from '../support/credentials.js';
import type { HeaderLines } from '../support/requests.js';
import { strategyOf, type Acting } from '../support/strategies.js';
import { settle } from '../../support/turns.js';

type Done = (error: unknown, user?: unknown, info?: unknown) => void;

const secret = createSecretKey(randomBytes(32));
const inAnHour = Math.floor(Date.now() / 1_000) + 3_600;

function tokenOf(claims: object): string {
  return jwt.sign(claims, secret, { algorithm: 'HS256' });
}

const bearerLine = (token: string) => ['Authorization', `Bearer ${token}`] as const;
const basicLine = (text: string) => ['Authorization', `Basic ${base64(text)}`] as const;

/** The strategies as published, the way an application configures them. */
const published: Readonly<Record<'jwt' | 'basic' | 'bearer' | 'local' | 'custom', Strategy>> = {
  jwt: new JwtStrategy(
    {
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      // The types of passport-jwt know no key objects; jsonwebtoken takes them.
      secretOrKey: secret as unknown as Buffer,
      algorithms: ['HS256'],
      audience: 'ws',
    },
    ({ sub }: { readonly sub: string }, done: Done) => done(null, { id: sub }),
  ),
  basic: new BasicStrategy((username: string, password: string, done: Done) =>
    done(null, password === 'pa:ss' && { id: username }),
  ),
  bearer: new BearerStrategy((value, done) => {
    if (value === 'down') {
      done(new Error('down'));
    } else {
      done(null, value === 'good' && { id: 'alice' }, {
        scope: 'chat',
        message: 'SECRET',
      });
    }
  }),
  local: new LocalStrategy((username, password, done) =>
    done(null, password === 'good' && { id: username }, { message: 'Wrong password' }),
  ),
  custom: new CustomStrategy((request, done: Done) =>
    done(null, request.headers['x-api-key'] === 'good' && { id: 'machine' }),
  ),
};

const token = tokenOf({ sub: 'alice', aud: 'ws', exp: inAnHour });

/** Accepts a user whose id cannot be read. */
const hostile = (error: Error) =>
  strategyOf((self) =>
    self.success({
      get id(): string {
        throw error;
      },
    }),
  );

const ok = (id: string) => strategyOf((self) => self.success({ id }));
const no = (challenge?: unknown, status?: unknown) =>
  strategyOf((self) => setImmediate(() => self.fail(challenge, status)));

function cookieBench(): AuthenticatorHarness {
  return new AuthenticatorHarness({ bearer: published.bearer }, { credentials: [fromCookie('s')] });
}

/** Middleware that finds the user of a session cookie, as `passport.session()` does. */
function sessionMiddleware(request: StrategyRequest, _response: unknown, next: () => void): void {
  if (request.headers.cookie?.includes('session=good')) {
    Object.assign(request, { user: { id: 'victim' } });
  }
  next();
}

function namesSession(request: object, _response: unknown, next: () => void): void {
  Object.assign(request, { sessionID: 'abc' });
  next();
}

/** A decision in the form a table can hold. */
function told(decision: Decision) {
  if (decision === 'defer') {
    return decision;
  }
  return decision instanceof Refusal
    ? { code: decision.code, challenges: decision.challenges }
    : { user: decision.session.user, via: decision.session.extractor };
}

const basicChallenge = 'Basic realm="Users", charset="UTF-8"';
const bearerChallenge = 'Bearer realm="Users"';
const invalidToken = 'Bearer realm="Users", error="invalid_token"';

describe('published strategies', () => {
  it('passport-jwt accepts a token and its end', async () => {
    const decision = await new AuthenticatorHarness({ jwt: published.jwt }).decide('/', [
      bearerLine(token),
    ]);
    expect(decision).toMatchObject({
      session: {
        user: { id: 'alice' },
        userId: 'alice',
        strategy: 'jwt',
        extractor: 'fromAuthorizationHeader',
        anonymous: false,
        expiresAt: inAnHour * 1_000,
      },
    });
  });

  it.each([
    ['AH-07: is not a JWT', 'x'],
    ['AH-07: has expired', tokenOf({ sub: 'a', aud: 'ws', exp: 1 })],
    ['EX-01: expires this instant', tokenOf({ sub: 'a', aud: 'ws', exp: inAnHour - 3_600 })],
    ['ST-22: is for another audience', tokenOf({ sub: 'a', aud: 'web', exp: inAnHour })],
    ['ST-22: is for no audience', tokenOf({ sub: 'a', exp: inAnHour })],
    ['is unsigned', `${base64('{"alg":"none"}').replace(/=+$/, '')}.e30.`],
    ['is signed with another key', jwt.sign({ sub: 'a', aud: 'ws' }, 'other')],
    [
      'AH-12: is bound to a key that Bearer does not prove',
      tokenOf({ sub: 'a', aud: 'ws', exp: inAnHour, cnf: { jkt: 'thumbprint' } }),
    ],
    [
      'AH-12: is bound to a TLS certificate',
      tokenOf({ sub: 'a', aud: 'ws', exp: inAnHour, cnf: { 'x5t#S256': 'thumbprint' } }),
    ],
  ])('passport-jwt refuses a token that %s, with invalid_token', async (_what, bad) => {
    const decision = await new AuthenticatorHarness({ jwt: published.jwt }).decide('/', [
      bearerLine(bad),
    ]);
    expect(decision).toMatchObject({ code: 'ERR_WS_AUTH_CREDENTIAL_REJECTED', httpStatus: 401 });
    expect(told(decision)).toMatchObject({ challenges: [basicChallenge, invalidToken] });
  });

  it('BA-02: passport-http verifies the whole password', async () => {
    const harness = new AuthenticatorHarness({ basic: published.basic });
    expect(told(await harness.decide('/', [basicLine('alice:pa:ss')]))).toMatchObject({
      user: { id: 'alice' },
    });
    expect(told(await harness.decide('/', [basicLine('alice:pa')]))).toEqual({
      code: 'ERR_WS_AUTH_CREDENTIAL_REJECTED',
      challenges: [basicChallenge, bearerChallenge],
    });
  });

  it('passport-http-bearer accepts, refuses and fails', async () => {
    const harness = new AuthenticatorHarness({ bearer: published.bearer });
    await expect(harness.decide('/', [bearerLine('good')])).resolves.toMatchObject({
      session: { user: { id: 'alice' }, info: { scope: 'chat' } },
    });
    const refused = await harness.decide('/', [bearerLine('bad')]);
    expect(told(refused)).toEqual({
      code: 'ERR_WS_AUTH_CREDENTIAL_REJECTED',
      challenges: [basicChallenge, invalidToken],
    });
    await expect(harness.decide('/', [bearerLine('down')])).resolves.toMatchObject({
      code: 'ERR_WS_AUTH_STRATEGY_FAILED',
      httpStatus: 500,
      challenges: [],
    });
  });

  it.each([
    ['fromQueryParam', fromQueryParam('access_token'), '/?access_token=good', []],
    ['fromCookie', fromCookie('s'), '/', [['Cookie', 's=good']]],
    ['fromUserInfo', fromUserInfo(), '/', [basicLine('good:x')]],
  ] as const)('passport-http-bearer finds the token of %s', async (via, extractor, url, lines) => {
    const harness = new AuthenticatorHarness(
      { bearer: published.bearer },
      { credentials: [extractor] },
    );
    const origin: HeaderLines = [['Origin', 'http://gateway.example:3000']];
    expect(told(await harness.decide(url, [...lines, ...origin]))).toEqual({
      user: { id: 'alice' },
      via,
    });
  });

  it('passport-local reads the fields of the first message', async () => {
    const harness = new AuthenticatorHarness({ local: published.local });
    expect(told(await harness.message({ username: 'alice', password: 'good' }))).toEqual({
      user: { id: 'alice' },
      via: 'fromFirstMessage',
    });
    expect(await harness.message({ username: 'alice', password: 'bad' })).toMatchObject({
      code: 'ERR_WS_AUTH_CREDENTIAL_REJECTED',
      closeCode: 3000,
    });
    expect(await harness.message({ username: 'alice' })).toMatchObject({
      code: 'ERR_WS_AUTH_MALFORMED_CREDENTIAL',
      closeCode: 3000,
    });
  });

  it('passport-custom reads the request itself', async () => {
    const credentials = [fromRequest({ headers: ['x-api-key'] })];
    const harness = new AuthenticatorHarness({ custom: published.custom }, { credentials });
    expect(told(await harness.decide('/', [['X-Api-Key', 'good']]))).toEqual({
      user: { id: 'machine' },
      via: 'fromRequest',
    });
    expect(told(await harness.decide('/', [['X-Api-Key', 'bad']]))).toEqual({
      code: 'ERR_WS_AUTH_CREDENTIAL_REJECTED',
      challenges: [bearerChallenge],
    });
  });
});

describe('a chain of strategies', () => {
  const thrower = strategyOf(() => {
    throw new Error('thrown');
  });

  const cases: readonly (readonly [string, Readonly<Record<string, Strategy>>, object])[] = [
    ['the first that succeeds', { a: no(), b: ok('b'), c: ok('c') }, { user: { id: 'b' } }],
    [
      'ST-04: 500 when the second throws after the first failed later',
      { a: no(), b: thrower, c: ok('c') },
      { code: 'ERR_WS_AUTH_STRATEGY_FAILED' },
    ],
    [
      'ST-10: the next after pass()',
      { a: strategyOf((self) => self.pass()), b: ok('b') },
      { user: { id: 'b' } },
    ],
    [
      'ST-10: 401 when all pass()',
      { a: strategyOf((self) => self.pass()) },
      { code: 'ERR_WS_AUTH_CREDENTIAL_REJECTED', challenges: [basicChallenge, invalidToken] },
    ],
    [
      'ST-11: 401 after redirect()',
      { a: strategyOf((self) => self.redirect('https://evil.example')) },
      { code: 'ERR_WS_AUTH_REDIRECTED', challenges: [basicChallenge, invalidToken] },
    ],
    [
      '400 and no word of an invalid token for a malformed one',
      { a: no(undefined, 400) },
      {
        code: 'ERR_WS_AUTH_MALFORMED_CREDENTIAL',
        challenges: [basicChallenge, 'Bearer realm="Users", error="invalid_request"'],
      },
    ],
    [
      '401 for a bad token, though a strategy before it missed its own form',
      { a: no({ message: 'Missing credentials' }, 400), b: no() },
      { code: 'ERR_WS_AUTH_CREDENTIAL_REJECTED' },
    ],
    [
      'ST-19: 401 with a challenge when reading the user refuses it',
      { a: hostile(new UnauthorizedException()) },
      { code: 'ERR_WS_AUTH_CREDENTIAL_REJECTED', challenges: [basicChallenge, invalidToken] },
    ],
    [
      'ST-19: 500 when reading the user fails',
      { a: hostile(new Error('hostile')), b: ok('b') },
      { code: 'ERR_WS_AUTH_STRATEGY_FAILED' },
    ],
    [
      '401 with a challenge for an exception of Nest',
      { a: strategyOf(() => Promise.reject(new UnauthorizedException())) },
      { code: 'ERR_WS_AUTH_CREDENTIAL_REJECTED', challenges: [basicChallenge, invalidToken] },
    ],
  ];

  for (const [name, strategies, expected] of cases) {
    it(`ends in ${name}`, async () => {
      const decision = await new AuthenticatorHarness(strategies).decide('/', [bearerLine('x')]);
      expect(told(decision)).toMatchObject(expected);
    });
  }

  it('ST-17: ends in 500 for a name that is not registered', async () => {
    const harness = new AuthenticatorHarness({}, { strategy: 'missing' });
    expect(told(await harness.decide('/', [bearerLine('x')]))).toMatchObject({
      code: 'ERR_WS_AUTH_STRATEGY_FAILED',
    });
  });

  it('asks the strategies of the extractor instead of those of the policy', async () => {
    const credentials = [fromQueryParam('t', { strategy: 'b' })];
    const harness = new AuthenticatorHarness(
      { a: ok('a'), b: ok('b') },
      { credentials, strategy: 'a' },
    );
    expect(told(await harness.decide('/?t=x'))).toMatchObject({ user: { id: 'b' } });
  });

  it('EX-01: opens no session for a user whose credential has expired', async () => {
    const expired = strategyOf((self) => self.success({ id: 'a', exp: 1 }));
    expect(
      told(await new AuthenticatorHarness({ expired }).decide('/', [bearerLine('x')])),
    ).toMatchObject({
      code: 'ERR_WS_AUTH_CREDENTIAL_REJECTED',
    });
  });

  it('ends a session with its token, however late the user ends', async () => {
    const long = strategyOf((self) => self.success({ id: 'a', exp: inAnHour + 86_400 }));
    await expect(
      new AuthenticatorHarness({ long }).decide('/', [bearerLine(token)]),
    ).resolves.toMatchObject({
      session: { expiresAt: inAnHour * 1_000 },
    });
  });
});

describe('without a credential', () => {
  const strategies = { bearer: published.bearer };

  it('AH-08, QP-08: asks for one, ignores the query, and names no error', async () => {
    const harness = new AuthenticatorHarness(strategies, {
      credentials: [fromAuthorizationHeader()],
    });
    await expect(harness.decide('/?access_token=good')).resolves.toMatchObject({
      code: 'ERR_WS_AUTH_CREDENTIAL_REQUIRED',
      httpStatus: 401,
      challenges: [basicChallenge, bearerChallenge],
    });
  });

  it('waits for the first message where there is one', async () => {
    await expect(new AuthenticatorHarness(strategies).decide('/')).resolves.toBe('defer');
    await expect(
      new AuthenticatorHarness(strategies, { optional: true }).decide('/'),
    ).resolves.toBe('defer');
  });

  it('FM-23: opens an explicit anonymous session where that is allowed, and never for a bad credential', async () => {
    const harness = new AuthenticatorHarness(strategies, {
      optional: true,
      credentials: [fromAuthorizationHeader(), fromQueryParam('token')],
    });
    await expect(harness.decide('/')).resolves.toMatchObject({
      session: {
        user: null,
        userId: undefined,
        anonymous: true,
        extractor: 'none',
        strategy: undefined,
        expiresAt: undefined,
      },
    });
    for (const [url, lines] of [
      ['/', [bearerLine('bad')]],
      ['/', [['Authorization', 'Bearer']]],
      ['/', [['Authorization', 'Digest x']]],
      ['/?token=bad', []],
      ['/?token=%ff', []],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await harness.decide(url, lines)).toBeInstanceOf(Refusal);
    }
  });

  it('FM-25: does not wait for a message when the upgrade has a credential', async () => {
    const harness = new AuthenticatorHarness(strategies);
    expect(told(await harness.decide('/', [bearerLine('good')]))).toMatchObject({
      via: 'fromAuthorizationHeader',
    });
    expect(told(await harness.decide('/', [bearerLine('bad')]))).toMatchObject({
      code: 'ERR_WS_AUTH_CREDENTIAL_REJECTED',
    });
  });

  it('QP-08: lets no query parameter in beside a message without a token', async () => {
    const harness = new AuthenticatorHarness(strategies);
    const subject = harness.subjectOf('/?access_token=good');
    const { policy } = harness;
    const found = policy.firstMessage?.read(
      '{"event":"authenticate","data":{"x":1}}',
      'authenticate',
      policy.limits,
    );
    expect(found).toBeDefined();
    if (found && !(found instanceof Refusal)) {
      const attempt = harness.attempt();
      const decision = await harness.authenticator.authenticate(subject, found, attempt);
      attempt.settle();
      expect(decision).toBeInstanceOf(Refusal);
    }
  });
});

describe('fromRequest() where a client without a credential is welcome', () => {
  const options = { optional: true, credentials: [fromRequest({ headers: ['x-api-key'] })] };

  it('FM-23: opens an anonymous session for a request that holds nothing', async () => {
    await expect(
      new AuthenticatorHarness({ custom: published.custom }, options).decide('/'),
    ).resolves.toMatchObject({
      session: { user: null, anonymous: true },
    });
  });

  it.each([
    ['a bad key', published.custom, [['X-Api-Key', 'bad']]],
    ['a bad Authorization', published.custom, [['Authorization', 'Digest x']]],
  ] as const)('FM-23: opens no anonymous session for %s', async (_what, strategy, lines) => {
    const harness = new AuthenticatorHarness({ strategy }, options);
    await expect(harness.decide('/', lines)).resolves.toBeInstanceOf(Refusal);
  });
});

describe('the origin', () => {
  const evil = ['Origin', 'https://evil.example'] as const;
  const own = ['Origin', 'http://gateway.example:3000'] as const;

  it('CK-07: refuses a good cookie of a page of another', async () => {
    const decision = await cookieBench().decide('/', [['Cookie', 's=good'], evil]);
    expect(decision).toMatchObject({
      code: 'ERR_WS_AUTH_ORIGIN_REFUSED',
      httpStatus: 403,
      closeCode: 3003,
      challenges: [],
    });
  });

  it('CK-07: accepts a good cookie from the own origin', async () => {
    const decision = await cookieBench().decide('/', [['Cookie', 's=good'], own]);
    expect(told(decision)).toMatchObject({ via: 'fromCookie' });
  });

  it('BA-10: refuses Basic from another origin, and accepts it from a machine', async () => {
    const harness = new AuthenticatorHarness({ basic: published.basic });
    const line = basicLine('alice:pa:ss');
    await expect(harness.decide('/', [line, evil])).resolves.toMatchObject({ httpStatus: 403 });
    expect(told(await harness.decide('/', [line]))).toMatchObject({ user: { id: 'alice' } });
  });

  it('runs no strategy for an origin that is refused', async () => {
    const authenticate = vi.fn<Strategy['authenticate']>();
    const harness = new AuthenticatorHarness(
      { a: { authenticate } },
      { credentials: [fromCookie('s')] },
    );
    await harness.decide('/', [['Cookie', 's=good'], evil]);
    expect(authenticate).not.toHaveBeenCalled();
  });

  it.each<[string, () => unknown]>([
    ['false', () => false],
    ['a truthy value', () => 1],
    ['a string', () => 'true'],
    ['a promise of a truthy value', () => Promise.resolve('yes')],
    ['a promise of false', () => Promise.resolve(false)],
    ['a rejection', () => Promise.reject(new Error('down'))],
    [
      'a throw',
      () => {
        throw new Error('down');
      },
    ],
    ['nothing', () => undefined],
  ])('OR-15: refuses when the predicate answers with %s', async (_what, answer) => {
    const harness = new AuthenticatorHarness(
      { bearer: published.bearer },
      { allowedOrigins: answer as () => boolean },
    );
    await expect(harness.decide('/', [bearerLine('good')])).resolves.toMatchObject({
      code: 'ERR_WS_AUTH_ORIGIN_REFUSED',
      httpStatus: 403,
    });
  });

  it.each([() => true, () => Promise.resolve(true)])(
    'accepts when the predicate returns %s',
    async (allowedOrigins) => {
      const harness = new AuthenticatorHarness({ bearer: published.bearer }, { allowedOrigins });
      expect(told(await harness.decide('/', [bearerLine('good')]))).toMatchObject({
        user: { id: 'alice' },
      });
    },
  );

  it('OR-15, K6c: waits for a predicate that answers after the deadline, and asks no strategy', async () => {
    let answer: ((allowed: boolean) => void) | undefined;
    const promise = new Promise<boolean>((resolve) => {
      answer = resolve;
    });
    const authenticate = vi.fn<Strategy['authenticate']>();
    const harness = new AuthenticatorHarness(
      { asked: { authenticate } },
      { allowedOrigins: () => promise },
    );
    const attempt = harness.attempt();
    const deciding = harness.authenticator.decide(
      harness.subjectOf('/', [bearerLine('x')]),
      attempt,
    );
    attempt.abort(new Refusal('ERR_WS_AUTH_UNAVAILABLE'));
    answer?.(true);
    await expect(deciding).resolves.toMatchObject({ httpStatus: 503, retryAfterSeconds: 1 });
    expect(authenticate).not.toHaveBeenCalled();
  });
});

/** What many applications have: one strategy that takes the token from wherever it finds it. */
const everywhere: Strategy = new CustomStrategy((request, done: Done) => {
  const fromCookieHeader = /session=(\w+)/.exec(request.headers.cookie ?? '')?.[1];
  const fromHeader = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  const value = fromCookieHeader ?? fromHeader;
  done(null, value === 'good' && { id: 'victim' });
});

describe('a page of another origin that sends anything at all', () => {
  const lines: HeaderLines = [
    ['Origin', 'https://evil.example'],
    ['Cookie', 'session=good'],
  ];

  it('CK-07: does not get the session of its visitor by a query parameter', async () => {
    const credentials = [fromQueryParam('token'), fromRequest()];
    const harness = new AuthenticatorHarness({ everywhere }, { credentials });
    await expect(harness.decide('/?token=anything', lines)).resolves.toBeInstanceOf(Refusal);
  });

  it('CK-07: does not get the session of its visitor by a first message', async () => {
    const harness = new AuthenticatorHarness({ everywhere });
    await expect(harness.decide('/', lines)).resolves.toBe('defer');
    await expect(harness.message({ x: 1 }, lines)).resolves.toBeInstanceOf(Refusal);
    await expect(harness.message({ token: 'anything' }, lines)).resolves.toBeInstanceOf(Refusal);
  });

  it('CK-07: does not get it by middleware that reads the cookie, and a strategy that passes', async () => {
    const harness = new AuthenticatorHarness(
      { jwt: published.jwt, session: strategyOf((self) => self.pass()) },
      { credentials: [fromQueryParam('token'), fromRequest()], middleware: [sessionMiddleware] },
    );
    await expect(harness.decide('/?token=anything', lines)).resolves.toBeInstanceOf(Refusal);
    const own: HeaderLines = [
      ['Origin', 'http://gateway.example:3000'],
      ['Cookie', 'session=good'],
    ];
    expect(told(await harness.decide('/', own))).toEqual({
      user: { id: 'victim' },
      via: 'fromRequest',
    });
    expect(told(await harness.decide('/', lines))).toMatchObject({
      code: 'ERR_WS_AUTH_ORIGIN_REFUSED',
    });
  });

  it('AH-11: falls back to no cookie when the strategy reads both', async () => {
    const harness = new AuthenticatorHarness({ everywhere });
    await expect(harness.decide('/', [...lines, bearerLine('bad')])).resolves.toBeInstanceOf(
      Refusal,
    );
  });
});

describe('an attempt that ends early', () => {
  it('ST-06: is refused with 503, and its late result is forgotten', async () => {
    let act: Acting | undefined;
    let signal: AbortSignal | undefined;
    const slow = strategyOf((self, request) => {
      act = self;
      signal = (request as StrategyRequest).signal;
    });
    const harness = new AuthenticatorHarness({ slow });
    const attempt = harness.attempt();
    const deciding = harness.authenticator.decide(
      harness.subjectOf('/', [bearerLine('x')]),
      attempt,
    );
    await settle();
    expect(signal?.aborted).toBe(false);
    attempt.abort(new Refusal('ERR_WS_AUTH_UNAVAILABLE'));
    act?.success({ id: 'late' });
    await expect(deciding).resolves.toMatchObject({
      code: 'ERR_WS_AUTH_UNAVAILABLE',
      httpStatus: 503,
      retryAfterSeconds: 1,
    });
    expect(signal?.aborted).toBe(true);
  });

  it('ST-01: runs no further strategy when the client has left', async () => {
    const second = vi.fn<Strategy['authenticate']>();
    let act: Acting | undefined;
    const first = strategyOf((self) => {
      act = self;
    });
    const harness = new AuthenticatorHarness({ first, second: { authenticate: second } });
    const attempt = harness.attempt();
    const deciding = harness.authenticator.decide(
      harness.subjectOf('/', [bearerLine('x')]),
      attempt,
    );
    await settle();
    act?.fail();
    attempt.abort();
    await expect(deciding).resolves.toBeInstanceOf(Refusal);
    expect(second).not.toHaveBeenCalled();
  });

  it('CK-12, K6c: waits for middleware that has begun, and asks no strategy after it', async () => {
    let goOn: (() => void) | undefined;
    const authenticate = vi.fn<Strategy['authenticate']>();
    const middleware = (_request: never, _response: never, next: () => void) => {
      goOn = next;
    };
    const harness = new AuthenticatorHarness(
      { asked: { authenticate } },
      { middleware: [middleware] },
    );
    const attempt = harness.attempt();
    const deciding = harness.authenticator.decide(
      harness.subjectOf('/', [bearerLine('x')]),
      attempt,
    );
    await settle();
    attempt.abort(new Refusal('ERR_WS_AUTH_SHUTTING_DOWN'));
    goOn?.();
    await expect(deciding).resolves.toMatchObject({ code: 'ERR_WS_AUTH_SHUTTING_DOWN' });
    expect(authenticate).not.toHaveBeenCalled();
  });
});

describe('middleware', () => {
  it('CK-12: refuses by ending the response, with a challenge', async () => {
    const harness = new AuthenticatorHarness(
      { bearer: published.bearer },
      { middleware: [(_request, response: { end(): void }) => response.end()] },
    );
    expect(told(await harness.decide('/', [bearerLine('good')]))).toEqual({
      code: 'ERR_WS_AUTH_CREDENTIAL_REJECTED',
      challenges: [basicChallenge, bearerChallenge],
    });
  });

  it('names the HTTP session it found', async () => {
    const harness = new AuthenticatorHarness(
      { bearer: published.bearer },
      { middleware: [namesSession] },
    );
    await expect(harness.decide('/', [bearerLine('good')])).resolves.toMatchObject({
      proof: { tokenIds: [expect.stringMatching(/^sha256:/)] },
    });
  });
});

function limiter(points: number) {
  const counts = new Map<string, number>();
  return {
    points,
    counts,
    get: (key: string) =>
      Promise.resolve(
        counts.has(key) ? { consumedPoints: counts.get(key) ?? 0, msBeforeNext: 1_500 } : null,
      ),
    consume: (key: string) => {
      counts.set(key, (counts.get(key) ?? 0) + 1);
      return Promise.reject(new Error('too many, and nobody minds'));
    },
  };
}

describe('failed attempts', () => {
  it('RL-01: are counted by address and account, and refused before any strategy runs', async () => {
    const perAddress = limiter(2);
    const perAccount = limiter(9);
    const harness = new AuthenticatorHarness(
      { basic: published.basic },
      {},
      { perAddress, perAccount },
    );
    await harness.decide('/', [basicLine('alice:wrong')]);
    await harness.decide('/', [['Authorization', 'Bearer a b']]);
    expect(perAddress.counts).toEqual(new Map([['address:192.0.2.1', 2]]));
    expect([...perAccount.counts.values()]).toEqual([1]);
    await expect(harness.decide('/', [basicLine('alice:pa:ss')])).resolves.toMatchObject({
      code: 'ERR_WS_AUTH_TOO_MANY_ATTEMPTS',
      httpStatus: 429,
      retryAfterSeconds: 2,
      challenges: [],
    });
  });

  it.each([
    ['alice', 'ALICE'],
    ['alice', ' alice '],
    ['alice', '\uff41lice'],
    ['ren\u00e9e', 'rene\u0301e'],
  ])('BA-07: are counted together for %j and %j', async (one, other) => {
    const perAccount = limiter(9);
    const limiters = { perAddress: undefined, perAccount };
    const harness = new AuthenticatorHarness({ basic: published.basic }, {}, limiters);
    await harness.decide('/', [basicLine(`${one}:wrong`)]);
    await harness.decide('/', [basicLine(`${other}:wrong`)]);
    expect([...perAccount.counts.values()]).toEqual([2]);
  });

  it('RL-07: are refused with 503 when no store counts', async () => {
    const broken = { ...limiter(1), get: () => Promise.reject(new Error('down')) };
    const limiters = { perAddress: broken, perAccount: undefined };
    const harness = new AuthenticatorHarness({ bearer: published.bearer }, {}, limiters);
    await expect(harness.decide('/', [bearerLine('good')])).resolves.toMatchObject({
      code: 'ERR_WS_AUTH_UNAVAILABLE',
      httpStatus: 503,
    });
  });

  it('do not count what the server is to blame for', async () => {
    const perAddress = limiter(1);
    const limiters = { perAddress, perAccount: undefined };
    await new AuthenticatorHarness({ bearer: published.bearer }, {}, limiters).decide('/', [
      bearerLine('down'),
    ]);
    expect(perAddress.counts.size).toBe(0);
  });
});
