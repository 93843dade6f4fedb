import { createHash } from 'node:crypto';
import { ForbiddenException, Injectable, UnauthorizedException, type Type } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import { PassportStrategy } from '@nestjs/passport';
import type { IncomingMessage } from 'node:http';
import { Strategy as PassportCustomStrategy } from 'passport-custom';
import { BasicStrategy, DigestStrategy as PassportDigestStrategy } from 'passport-http';
import { Strategy as PassportBearerStrategy } from 'passport-http-bearer';
import { ExtractJwt, Strategy as PassportJwtStrategy } from 'passport-jwt';
import { Strategy as PassportLocalStrategy } from 'passport-local';
import { describe, expect, it } from 'vitest';
import {
  fromAuthorizationHeader,
  fromFirstMessage,
  fromQueryParam,
  fromRequest,
  sessionOf,
  WsAuthEvents,
  WsAuthSessions,
} from '../../lib/index.js';
import type { Strategy, StrategyActions } from '../../lib/passport/strategy.js';
import { startProtected, type TestApp } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import {
  bearerOf,
  customStrategy,
  HttpBasicStrategy,
  jwtStrategyWith,
  type JudgedRequest,
  type TestUser,
} from '../support/strategies.js';
import { basicHeader, tokenOf } from '../support/tokens.js';

/** Records what it was asked to verify, and accepts it. */
const verified: unknown[][] = [];

@Injectable()
class RecordingBasicStrategy extends PassportStrategy(BasicStrategy, 'recording-basic') {
  validate(username: string, password: string): TestUser {
    verified.push([username, password]);
    return { id: username };
  }
}

@Injectable()
class RequestBasicStrategy extends PassportStrategy(BasicStrategy, 'request-basic') {
  constructor() {
    super({ passReqToCallback: true });
  }

  validate(request: IncomingMessage, username: string, password: string): TestUser {
    verified.push([request.headers.authorization, username, password]);
    return { id: username };
  }
}

@Injectable()
class BearerStrategy extends PassportStrategy(PassportBearerStrategy, 'bearer') {
  validate(token: string): TestUser | false {
    return token === 'opaque-of-carol' && { id: 'carol' };
  }
}

@Injectable()
class LocalStrategy extends PassportStrategy(PassportLocalStrategy, 'local') {
  validate(username: string, password: string): TestUser | false {
    return password === `${username}:secret` && { id: username };
  }
}

type DigestArguments = ConstructorParameters<typeof PassportDigestStrategy>;

@Injectable()
class DigestStrategy extends PassportStrategy(PassportDigestStrategy, 'digest') {
  constructor() {
    // The types demand a callback that the mixin adds.
    super(...([{ qop: 'auth', realm: 'Vault' }] as unknown as DigestArguments));
  }

  validate(username: string): [TestUser, string] | false {
    return username === 'dora' && [{ id: username }, 'open sesame'];
  }
}

function connectWith(app: TestApp, authorization: string, path = '/') {
  return app.connect(path, { headers: { authorization } });
}

async function whoami(app: TestApp, authorization: string): Promise<unknown> {
  const client = await connectWith(app, authorization).opened();
  return client.ask('whoami');
}

/** The session that the gateway saw last. */
function lastSession(app: TestApp) {
  return sessionOf<TestUser>(app.nest.get(EchoGateway).connected.at(-1)!.client);
}

describe('passport-http Basic', () => {
  it.each([
    ['', RecordingBasicStrategy, 'recording-basic'],
    [' and the request', RequestBasicStrategy, 'request-basic'],
  ])('hands the whole password%s to validate()', async (_what, provider, strategy) => {
    await using app = await startProtected({ strategy }, [provider]);
    for (const password of ['pa:ss', ':', 'pä:ß', '😀:😀']) {
      const authorization = basicHeader('alice', password);
      await connectWith(app, authorization).opened();
      const request = strategy === 'request-basic' ? [authorization] : [];
      expect(verified.at(-1)).toEqual([...request, 'alice', password]);
    }
  });

  it('accepts the right password and refuses the wrong one with a Basic challenge', async () => {
    await using app = await startProtected({ strategy: 'basic', realm: 'Chat' }, [
      HttpBasicStrategy,
    ]);
    expect(await whoami(app, basicHeader('bob', 'secret of bob'))).toEqual({
      user: 'bob',
      via: 'fromAuthorizationHeader',
    });
    const refusal = await connectWith(app, basicHeader('bob', 'pa')).refusal();
    expect(refusal.status).toBe(401);
    expect(refusal.challenges).toContain('Basic realm="Chat", charset="UTF-8"');
  });
});

describe('passport-http Digest', () => {
  const options = { strategy: 'digest', credentials: [fromRequest()] };

  it('refuses a response that was computed with another password, with a new nonce', async () => {
    await using app = await startProtected(options, [DigestStrategy]);
    const authorization = digest({ nonce: 'n', uri: '/', password: 'wrong' });
    const refusal = await connectWith(app, authorization).refusal();
    expect(refusal.status).toBe(401);
    expect(refusal.challenges).toEqual([expect.stringMatching(/^Digest .*nonce="\w{32}"/)]);
  });

  it('refuses a response for another URL', async () => {
    await using app = await startProtected(options, [DigestStrategy]);
    const authorization = digest({ nonce: 'n', uri: '/other', password: 'open sesame' });
    expect((await connectWith(app, authorization).refusal()).status).toBe(400);
  });

  it('stands beside Bearer: one line per scheme, and each is judged by its strategy', async () => {
    await using app = await startProtected(
      {
        credentials: [
          fromAuthorizationHeader({ schemes: ['Bearer'] }),
          fromRequest({ strategy: 'digest' }),
        ],
      },
      [DigestStrategy],
    );
    const refusal = await app.connect().refusal();
    expect(refusal.challenges).toEqual([
      'Bearer realm="Users"',
      expect.stringMatching(/^Digest realm="Vault"/),
    ]);
    expect(await whoami(app, `Bearer ${tokenOf('alice')}`)).toMatchObject({ user: 'alice' });
    expect(
      await whoami(app, digest({ nonce: 'n', uri: '/', password: 'open sesame' })),
    ).toMatchObject({ user: 'dora' });
  });
});

describe('passport-http-bearer', () => {
  it('refuses a wrong token with error="invalid_token", and none without an error', async () => {
    await using app = await startProtected(
      { strategy: 'bearer', credentials: [fromAuthorizationHeader({ schemes: ['Bearer'] })] },
      [BearerStrategy],
    );
    const wrong = await connectWith(app, 'Bearer wrong').refusal();
    expect(wrong.challenges).toEqual(['Bearer realm="Users", error="invalid_token"']);
    const none = await app.connect().refusal();
    expect(none.challenges).toEqual(['Bearer realm="Users"']);
  });
});

describe('a strategy that reads its own place', () => {
  const inQuery = { jwtFromRequest: ExtractJwt.fromUrlQueryParameter('token') };

  it('finds the token there through fromRequest(), and the application does not', async () => {
    await using app = await startProtected(
      { strategy: 'query-jwt', credentials: [fromRequest({ queryParams: ['token'] })] },
      [jwtStrategyWith('query-jwt', inQuery)],
    );
    const client = await app.connect(`/?token=${tokenOf('alice')}`).opened();
    expect(await client.ask('whoami')).toEqual({ user: 'alice', via: 'fromRequest' });
    expect(app.nest.get(EchoGateway).connected[0]!.request.url).toBe('/?token=REDACTED');
  });
});

describe('several strategies', () => {
  const providers = [BearerStrategy, HttpBasicStrategy];

  it('are tried in order until one succeeds, and the session names it', async () => {
    await using app = await startProtected({ strategy: ['bearer', 'basic', 'jwt'] }, providers);
    const credentials: [string, string, string][] = [
      ['Bearer opaque-of-carol', 'carol', 'bearer'],
      [basicHeader('bob', 'secret of bob'), 'bob', 'basic'],
      [`Bearer ${tokenOf('alice')}`, 'alice', 'jwt'],
    ];
    for (const [authorization, user, strategy] of credentials) {
      expect(await whoami(app, authorization)).toMatchObject({ user });
      expect(lastSession(app)!.strategy).toBe(strategy);
    }
  });

  it('refuse together with one challenge per scheme', async () => {
    await using app = await startProtected({ strategy: ['bearer', 'jwt'] }, providers);
    const refusal = await connectWith(app, 'Bearer nobody').refusal();
    expect(refusal.status).toBe(401);
    expect(refusal.challenges).toEqual([
      'Basic realm="Users", charset="UTF-8"',
      'Bearer realm="Users", error="invalid_token"',
    ]);
  });

  it('are not asked any further once one has broken', async () => {
    await using app = await startProtected({ strategy: ['broken', 'jwt'] }, [
      customStrategy('broken', () => {
        throw new Error('the directory is down');
      }),
    ]);
    expect((await connectWith(app, `Bearer ${tokenOf('alice')}`).refusal()).status).toBe(500);
  });
});

/** What a connection meets whose strategy does this. */
async function outcome(validate: (request: JudgedRequest) => unknown) {
  await using app = await startProtected({ strategy: 'custom' }, [
    customStrategy('custom', validate),
  ]);
  const client = connectWith(app, 'Bearer token');
  return await Promise.race([
    client.refusal().then(({ status, body, headers }) => ({ status, body, headers })),
    client.opened().then(() => lastSession(app)),
  ]);
}

describe('what validate() does', () => {
  it('returns [user, info]: both are in the session', async () => {
    expect(await outcome(() => [{ id: 'alice' }, { scope: 'read' }])).toMatchObject({
      user: { id: 'alice' },
      info: { scope: 'read' },
    });
  });

  // What is a user, and what each exception means, is in `principal.spec.ts` and `strategy-refusal.spec.ts`.
  it.each([
    ['returns nothing', () => undefined],
    ['returns a user that has expired', () => ({ id: 'a', exp: 1 })],
    ['rejects with UnauthorizedException', () => Promise.reject(new UnauthorizedException())],
  ])('%s: 401', async (_what, validate) => {
    expect(await outcome(validate)).toMatchObject({ status: 401, body: 'credential rejected\n' });
  });

  it('throws ForbiddenException: 403', async () => {
    const refused = await outcome(() => Promise.reject(new ForbiddenException('canary')));
    expect(refused).toMatchObject({ status: 403, body: 'not permitted\n' });
  });

  it('throws an error: 500, and says nothing about it', async () => {
    const refused = await outcome(() => Promise.reject(new Error('canary')));
    expect(refused).toMatchObject({ status: 500, body: 'authentication failed\n' });
    expect(JSON.stringify(refused)).not.toContain('canary');
  });

  it('runs once per connection', async () => {
    let runs = 0;
    await using app = await startProtected({ strategy: 'counting' }, [
      customStrategy('counting', () => ({ id: String((runs += 1)) })),
    ]);
    const client = await connectWith(app, 'Bearer token').opened();
    await client.ask('whoami');
    await client.ask('whoami');
    expect(runs).toBe(1);
  });
});

async function broken(): Promise<never> {
  throw new Error('the database is down');
}

describe('a callback of the application that rejects', () => {
  const token = tokenOf('alice');
  // The types demand a callback that returns nothing.
  const callback = broken as never;
  const strategies: Readonly<Record<string, [Strategy, string]>> = {
    'the verify function of passport-http-bearer': [
      new PassportBearerStrategy(callback),
      `Bearer ${token}`,
    ],
    'the verify function of passport-http': [new BasicStrategy(callback), basicHeader('a', 'b')],
    'the same, with a colon in the password': [
      new BasicStrategy(callback),
      basicHeader('a', 'b:c'),
    ],
    'secretOrKeyProvider of passport-jwt': [
      new PassportJwtStrategy(
        {
          jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
          secretOrKeyProvider: callback,
        },
        callback,
      ),
      `Bearer ${token}`,
    ],
  };

  it.each(Object.entries(strategies))(
    'K12c: refuses the client, and ends neither the process nor keeps a slot: %s',
    async (_what, [strategy, authorization]) => {
      const unhandled: unknown[] = [];
      const note = (error: unknown) => unhandled.push(error);
      process.on('unhandledRejection', note);
      try {
        const provider = {
          provide: 'strategy',
          useValue: Object.assign(strategy, { name: 'own' }),
        };
        await using app = await startProtected({ strategy: 'own', maxPending: 1 }, [provider]);
        for (let attempts = 0; attempts < 3; attempts += 1) {
          expect((await connectWith(app, authorization).refusal()).status).toBe(500);
        }
      } finally {
        process.off('unhandledRejection', note);
      }
      expect(unhandled).toEqual([]);
    },
  );
});

describe('a strategy that takes its time', () => {
  const decisions: readonly [string, (strategy: StrategyActions) => void][] = [
    ['says no', (strategy) => strategy.fail()],
    ['says yes', (strategy) => strategy.success({ id: 'alice' })],
    ['says nothing', () => undefined],
  ];

  it.each(decisions)('may close the server itself, and then %s', async (_what, decide) => {
    let close!: () => Promise<unknown>;
    @Injectable()
    class ClosingStrategy extends PassportStrategy(PassportCustomStrategy, 'closing') {
      override authenticate(): void {
        void close();
        decide(this as unknown as StrategyActions);
      }

      validate(): never {
        throw new Error('nobody calls it');
      }
    }
    await using app = await startProtected({ strategy: 'closing' }, [ClosingStrategy]);
    const { server } = app.nest.get(EchoGateway);
    close = () => app.nest.get(ApplicationConfig).getIoAdapter().close(server);
    const client = connectWith(app, 'Bearer token');
    expect(await client.refusal()).toMatchObject({ status: 503, body: 'server shutting down\n' });
    expect(app.nest.get(WsAuthSessions).count()).toBe(0);
  });

  it('is not needed once a listener of events has closed the server', async () => {
    let asked = false;
    await using app = await startProtected({ strategy: 'asked' }, [
      customStrategy('asked', () => {
        asked = true;
        return { id: 'alice' };
      }),
    ]);
    const { server } = app.nest.get(EchoGateway);
    const thrown: unknown[] = [];
    app.nest.get(WsAuthEvents).on('authenticating', () => {
      app.nest
        .get(ApplicationConfig)
        .getIoAdapter()
        .close(server)
        .catch((error: unknown) => thrown.push(error));
    });
    const client = connectWith(app, 'Bearer token');
    expect(await client.refusal()).toMatchObject({ status: 503, body: 'server shutting down\n' });
    expect({ asked, thrown }).toEqual({ asked: false, thrown: [] });
  });
});

describe('the strategy of an extractor', () => {
  const keyStrategy: Type<object> = customStrategy(
    'key',
    (request) => bearerOf(request) === 'key-of-robot' && { id: 'robot' },
  );

  it('judges what that extractor found, instead of the strategy of the policy', async () => {
    await using app = await startProtected(
      {
        credentials: [
          fromAuthorizationHeader(),
          fromQueryParam('key', { strategy: 'key' }),
          fromFirstMessage({ strategy: ['bearer', 'local'] }),
        ],
      },
      [keyStrategy, BearerStrategy, LocalStrategy],
    );
    const byKey = await app.connect('/?key=key-of-robot').opened();
    expect(await byKey.ask('whoami')).toEqual({ user: 'robot', via: 'fromQueryParam' });
    expect((await app.connect(`/?key=${tokenOf('alice')}`).refusal()).status).toBe(401);
    expect((await connectWith(app, 'Bearer key-of-robot').refusal()).status).toBe(401);
    const byMessage = await app.connect().opened();
    byMessage.emit('authenticate', { username: 'erin', password: 'erin:secret' });
    expect(await byMessage.nextEvent()).toMatchObject({ event: 'authenticated' });
    expect(lastSession(app)!.strategy).toBe('local');
  });
});

interface DigestAnswer {
  readonly nonce: string;
  readonly uri: string;
  readonly password: string;
}

/** What a client answers to a Digest challenge (RFC 7616 §3.4), user `dora`. */
function digest({ nonce, uri, password }: DigestAnswer): string {
  const [username, realm, nc, cnonce, qop] = ['dora', 'Vault', '00000001', 'c0ffee', 'auth'];
  const response = md5(
    [md5(`${username}:${realm}:${password}`), nonce, nc, cnonce, qop, md5(`GET:${uri}`)].join(':'),
  );
  return (
    `Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${uri}", ` +
    `qop=${qop}, nc=${nc}, cnonce="${cnonce}", response="${response}"`
  );
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
