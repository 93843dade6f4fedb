import { WsException } from '@nestjs/websockets';
import { HttpException } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  fromRequest,
  WsAuthEvents,
  WsAuthSessions,
  type WsAuthDiagnosis,
  type WsAuthMiddleware,
  type WsCredentialExtractor,
} from '../../lib/index.js';
import { startProtected, type TestApp } from '../support/app.js';
import type { TestClient } from '../support/client.js';
import { HttpBasicStrategy, customStrategy } from '../support/strategies.js';
import { basicHeader, tokenOf } from '../support/tokens.js';

const past = Math.floor(Date.now() / 1_000) - 60;
const bearerOnly = fromAuthorizationHeader({ schemes: ['Bearer'] });
const origin = 'https://app.example.com';
const allowedOrigins = [origin];

const totp = { strategy: 'totp', answer: 'failed' };

function diagnosisIn(app: TestApp): Promise<WsAuthDiagnosis> {
  return new Promise((resolve) =>
    app.nest.get(WsAuthEvents).on('refused', ({ diagnosis }) => resolve(diagnosis)),
  );
}

async function expectFirstMessage(client: TestClient): Promise<void> {
  await client.opened();
  client.emit('authenticate', { token: tokenOf('alice') });
  expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
  expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
}

describe('a cookie that is refused, where a first message may follow', () => {
  const both = [fromCookie('token'), fromFirstMessage()];
  const withCookie = (app: TestApp, cookie: string) =>
    app.connect('/', { headers: { cookie, origin } });

  it('K13a: counts as none', async () => {
    await using app = await startProtected({ credentials: both, allowedOrigins });
    const cookies = {
      'an expired token': `token=${tokenOf('alice', { exp: past })}`,
      'a text that is no JWT': 'token=logged-out',
      'a malformed value': 'token=a b',
      'two cookies of the name': 'token=a; token=b',
      'one too large': `token=${'x'.repeat(8_193)}`,
    };
    for (const cookie of Object.values(cookies)) {
      await expectFirstMessage(withCookie(app, cookie));
    }
  });

  it.each([
    ['an expired token', tokenOf('alice', { exp: past }), ['jwt', 'TokenExpiredError']],
    ['a malformed value', 'a b', []],
  ])('K13a: is named with its reason where no token follows: %s', async (_what, token, said) => {
    await using app = await startProtected({ credentials: both, allowedOrigins });
    const refused = diagnosisIn(app);
    const client = await withCookie(app, `token=${token}`).opened();
    client.emit('hello');
    expect(await client.closed()).toMatchObject({ code: 3000, reason: 'credential required' });
    const diagnosis = await refused;
    expect(diagnosis).toMatchObject({ check: 'event', rejected: { extractor: 'fromCookie' } });
    expect(diagnosis.rejected!.strategies?.flatMap(Object.values) ?? []).toEqual(said);
    expect(diagnosis).not.toHaveProperty('unread');
  });

  it.each([
    ['/?code=1', { rejected: { extractor: 'fromRequest', strategies: [totp] } }],
    ['/', { check: 'event' }],
  ])('K13a: names what a strategy that reads the request found wrong in %s', async (path, why) => {
    const strategy = customStrategy('totp', ({ query }) => query['code'] === '2' && { id: 'a' });
    const credentials = [fromRequest(), fromFirstMessage()];
    await using app = await startProtected({ strategy: 'totp', credentials }, [strategy]);
    const refused = diagnosisIn(app);
    const client = await app.connect(path).opened();
    client.emit('hello');
    const diagnosis = await refused;
    expect(diagnosis).toMatchObject(why);
    expect('rejected' in diagnosis).toBe('rejected' in why);
    expect(diagnosis).not.toHaveProperty('unread');
  });

  it('K13a: leaves the check of the origin in place where strategies read the request', async () => {
    await using app = await startProtected({ credentials: [...both, fromRequest()] });
    const headers = { cookie: 'token=a; token=b', origin: 'https://evil.example' };
    expect((await app.connect('/', { headers }).refusal()).status).toBe(403);
  });

  it('K13a: counts as none after it was revoked', async () => {
    await using app = await startProtected({ credentials: both, allowedOrigins });
    const cookie = `token=${tokenOf('alice', { jti: 'one' })}`;
    const client = await withCookie(app, cookie).opened();
    await app.nest.get(WsAuthSessions).revoke({ tokenId: 'one' });
    expect(await client.closed()).toMatchObject({ code: 3000 });
    await expectFirstMessage(withCookie(app, cookie));
  });

  it('K13a: counts as none if a strategy reads the cookies by itself', async () => {
    const strategy = customStrategy('own', () => false);
    const credentials = [fromRequest({ strategy: 'own' }), fromFirstMessage({ strategy: 'jwt' })];
    await using app = await startProtected({ credentials, allowedOrigins }, [strategy]);
    await expectFirstMessage(withCookie(app, 'sid=gone'));
  });

  it('K13a: still decides alone if it is valid', async () => {
    await using app = await startProtected({ credentials: both, allowedOrigins });
    const client = await withCookie(app, `token=${tokenOf('alice')}`).opened();
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice', via: 'fromCookie' });
  });

  it('K13a: is refused where no first message may follow, and from another origin', async () => {
    await using cookieOnly = await startProtected({
      credentials: [fromCookie('token')],
      allowedOrigins,
    });
    expect((await withCookie(cookieOnly, 'token=gone').refusal()).status).toBe(401);
    await using app = await startProtected({ credentials: both, allowedOrigins });
    const evil = { headers: { cookie: 'token=gone', origin: 'https://evil.example' } };
    expect((await app.connect('/', evil).refusal()).status).toBe(403);
  });

  it('K13a: a failure of the strategy stays one', async () => {
    const strategy = customStrategy('down', () => {
      throw new Error('down');
    });
    const down = { strategy: 'down', credentials: both, allowedOrigins };
    await using app = await startProtected(down, [strategy]);
    expect((await withCookie(app, 'token=any').refusal()).status).toBe(500);
  });

  it.each<[string, string, Record<string, string>]>([
    ['header', '/', { authorization: 'Bearer bad' }],
    ['query', '/?t=bad', {}],
    ['header beside a cookie', '/', { authorization: 'Bearer bad', cookie: 'token=gone', origin }],
  ])('K13a: an explicit one stays final: %s', async (_what, path, headers) => {
    const credentials = [...both, bearerOnly, fromQueryParam('t')];
    await using app = await startProtected({ credentials, allowedOrigins });
    expect((await app.connect(path, { headers }).refusal()).status).toBe(401);
  });
});

describe('a scheme that the gateway does not read', () => {
  it('K5e: does not stand in the way of a first message', async () => {
    await using app = await startProtected({ credentials: [bearerOnly, fromFirstMessage()] });
    for (const authorization of [basicHeader('staging', 'secret'), 'Negotiate abc', 'nonsense']) {
      await expectFirstMessage(app.connect('/', { headers: { authorization } }));
    }
  });

  it.each<[string, WsCredentialExtractor[], string]>([
    ['without a first message', [bearerOnly], basicHeader('staging', 'secret')],
    ['if it is malformed', [bearerOnly, fromFirstMessage()], 'Bearer a b'],
  ])('K5e: is refused %s', async (_what, credentials, authorization) => {
    await using app = await startProtected({ credentials });
    const { status } = await app.connect('/', { headers: { authorization } }).refusal();
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThanOrEqual(401);
  });
});

describe('an exception that refuses', () => {
  it.each<[string, unknown, number]>([
    ['WsException', new WsException('no'), 401],
    ['403', new HttpException('no', 403), 403],
  ])(
    'K5d: of validate() and of middleware refuses with a status: %s',
    async (_what, error, status) => {
      const strategy = customStrategy('thrower', () => {
        throw error;
      });
      const middleware: WsAuthMiddleware = (_request, _response, next) => next(error);
      const headers = { authorization: `Bearer ${tokenOf('alice')}` };
      await using thrown = await startProtected({ strategy: 'thrower' }, [strategy]);
      expect((await thrown.connect('/', { headers }).refusal()).status).toBe(status);
      await using passed = await startProtected({ middleware: [middleware] });
      expect((await passed.connect('/', { headers }).refusal()).status).toBe(status);
    },
  );

  it('K5d: closes a first message with 3000', async () => {
    const strategy = customStrategy('thrower', () => {
      throw new WsException('no');
    });
    await using app = await startProtected({ strategy: 'thrower' }, [strategy]);
    const client = await app.connect().opened();
    client.emit('authenticate', { token: 'any' });
    expect(await client.closed()).toMatchObject({ code: 3000 });
  });
});

/** What a browser attaches by itself, beside other such things. The page cannot remove any of it. */
describe('several credentials that were not asked for, where a first message may follow', () => {
  const credentials = [bearerOnly, fromCookie('token'), fromFirstMessage()];
  const stale = `token=${tokenOf('alice', { exp: past })}`;
  const staging = basicHeader('staging', 'secret');

  it('K13a: count as none', async () => {
    await using app = await startProtected({ credentials, allowedOrigins });
    const sent: readonly [string, Record<string, string>][] = [
      ['/', { authorization: staging, cookie: stale }],
      ['/', { authorization: staging, cookie: 'token=a; token=b' }],
      ['/?room=7', { cookie: stale }],
      ['/', { cookie: `theme=dark; ${stale}` }],
    ];
    for (const [path, headers] of sent) {
      await expectFirstMessage(app.connect(path, { headers: { ...headers, origin } }));
    }
  });

  it('K13a: do not hide a cookie that is valid, as they do not over HTTP', async () => {
    await using app = await startProtected({ credentials, allowedOrigins });
    const headers = { authorization: staging, cookie: `token=${tokenOf('alice')}`, origin };
    const client = await app.connect('/', { headers }).opened();
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice', via: 'fromCookie' });
  });

  it('K13a: HTTP Basic counts as none where no strategy reads it', async () => {
    await using app = await startProtected();
    await expectFirstMessage(app.connect('/', { headers: { authorization: staging } }));
  });

  it('K13a: HTTP Basic stays final where a strategy reads it', async () => {
    await using app = await startProtected({ strategy: ['jwt', 'basic'] }, [HttpBasicStrategy]);
    const headers = { authorization: basicHeader('alice', 'wrong') };
    expect((await app.connect('/', { headers }).refusal()).status).toBe(401);
  });

  it('K13a: an HTTP session that is over counts as none, whatever middleware has made of it', async () => {
    const own = customStrategy('login', (request) => userOfSession(request) ?? false);
    const list = [fromRequest({ strategy: 'login' }), fromFirstMessage({ strategy: 'jwt' })];
    await using app = await startProtected(
      { strategy: 'jwt', credentials: list, middleware: [emptySession], allowedOrigins },
      [own],
    );
    const headers = { cookie: 'connect.sid=s%3Agone.x', origin };
    await expectFirstMessage(app.connect('/?room=7', { headers }));
    await expectFirstMessage(app.connect('/', { headers: { ...headers, authorization: staging } }));
  });

  it('K13a: an address is not locked out by a stale cookie that it cannot remove', async () => {
    await using app = await startProtected({
      credentials,
      allowedOrigins,
      failedAttempts: { perAddress: { points: 3, windowMs: 60_000 } },
    });
    for (let attempt = 0; attempt < 6; attempt += 1) {
      await expectFirstMessage(app.connect('/', { headers: { cookie: stale, origin } }));
    }
    for (const guess of ['a', 'b']) {
      await app.connect('/', { headers: { cookie: `token=${guess}`, origin } }).opened();
    }
    const { status } = await app.connect('/', { headers: { cookie: 'token=c', origin } }).refusal();
    expect(status).toBe(429);
  });
});

/** What express-session and Passport keep of a login. */
function userOfSession(request: object): object | undefined {
  return (request as { session?: { user?: object } }).session?.user;
}

/** What express-session makes of a cookie whose session is gone. */
const emptySession: WsAuthMiddleware = (request, _response, next) => {
  Object.assign(request, { session: { cookie: {} } });
  next();
};
