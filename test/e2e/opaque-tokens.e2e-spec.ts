import type { IncomingMessage } from 'node:http';
import { Controller, Get, UseGuards } from '@nestjs/common';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { Strategy as HttpBearerStrategy } from 'passport-http-bearer';
import { describe, expect, it } from 'vitest';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  fromSubprotocol,
  fromUserInfo,
  WsAuthModule,
  WsAuthSessions,
} from '../../lib/index.js';
import type { StrategyActions } from '../../lib/passport/strategy.js';
import { startApp, startProtected, type TestApp } from '../support/app.js';
import type { TestClient } from '../support/client.js';
import { EchoGateway } from '../support/gateways.js';
import { customStrategy } from '../support/strategies.js';
import { basicHeader } from '../support/tokens.js';

/** Tokens as other systems issue them. None is a token68, and passport-http-bearer accepts each over HTTP. */
const tokens = {
  'Laravel Sanctum': '1|Fq4nXcTb9vYw0zKpLm2sRd7e',
  'the signing of Django': 'ImFsaWNlIg:1tGq2N:0e5mS7s_0cF3vXq',
  'the cookie of express-session': 's:xWq8fN2.Zk3+hb/0e',
  'the MessageVerifier of Rails': 'BAhpAQ==--0f3a9c2d4b',
  'a pair of name and value': 'key=2f7a',
  'percent-encoding': '1%7Cabc%20d',
  'the hash of a password': '$2b$10$N9qo8uLOickgx2ZMRZoMye',
  'a user and a realm': 'alice@realm!8f2c',
  'semicolons and a backslash': String.raw`a;b\c;Domain=x`,
  'an apostrophe': "it's-a-token",
  'everything else': '<#&*()?^`~>',
};
const known = new Set(Object.values(tokens));

class OpaqueStrategy extends PassportStrategy(HttpBearerStrategy, 'opaque') {
  validate(token: string): object | false {
    return known.has(token) && { id: 'alice' };
  }
}

@Controller()
@UseGuards(AuthGuard('opaque'))
class HelloController {
  @Get()
  hello(): string {
    return 'hello';
  }
}

type Way = (app: TestApp, token: string) => TestClient;

const base64url = (token: string) => Buffer.from(token).toString('base64url');

const handshakes: Readonly<Record<string, Way>> = {
  'in the header': (app, token) =>
    app.connect('/', { headers: { authorization: `Bearer ${token}` } }),
  'in the query': (app, token) => app.connect(`/?token=${encodeURIComponent(token)}`),
  'in a cookie': (app, token) => {
    const cookie = `token=${encodeURIComponent(token)}`;
    return app.connect('/', { headers: { cookie, origin: app.origin } });
  },
  'as a subprotocol in base64url': (app, token) =>
    app.connect('/', { protocols: ['chat', `bearer.${base64url(token)}`] }),
  'as two subprotocols': (app, token) =>
    app.connect('/', { protocols: ['token', base64url(token)] }),
};

function start(format: 'event' | 'raw' = 'event'): Promise<TestApp> {
  const auth = {
    strategy: 'opaque',
    credentials: [
      fromAuthorizationHeader(),
      fromUserInfo(),
      fromQueryParam('token'),
      fromCookie('token'),
      fromSubprotocol({ encoding: 'base64url' }),
      fromSubprotocol({ after: 'token', encoding: 'base64url' }),
      fromFirstMessage({ format }),
    ],
  };
  return startApp({
    imports: [WsAuthModule.forRoot(auth)],
    controllers: [HelloController],
    providers: [OpaqueStrategy, EchoGateway],
  });
}

const expected = (via: string) => ({ user: 'alice', via });

describe.each(Object.entries(tokens))('K5h: a token with the form of %s', (_form, token) => {
  it('is accepted over HTTP, and in each place of the handshake', async () => {
    await using app = await start();
    const headers = { authorization: `Bearer ${token}` };
    expect((await fetch(app.url('/', 'http'), { headers })).status).toBe(200);
    for (const connect of Object.values(handshakes)) {
      const client = await connect(app, token).opened();
      expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
      const { request } = app.nest.get(EchoGateway).connected.at(-1)!;
      const shown = JSON.stringify([request.url, request.headers, request.rawHeaders]);
      for (const written of [token, encodeURIComponent(token), base64url(token)]) {
        expect(shown).not.toContain(JSON.stringify(written).slice(1, -1));
      }
    }
  });

  it('is accepted in the first message, in both forms, and at a renewal', async () => {
    await using app = await start();
    const client = await app.connect().opened();
    client.emit('authenticate', { token });
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
    client.emit('authenticate', { token });
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
    await using other = await start('raw');
    const raw = await other.connect().opened();
    raw.sendRaw(token);
    expect(await raw.ask('whoami')).toEqual(expected('fromFirstMessage'));
  });

  it('is known for its revocation', async () => {
    await using app = await start();
    const client = await handshakes['in the header']!(app, token).opened();
    const sessions = app.nest.get(WsAuthSessions);
    await sessions.revoke({ sessionId: [...sessions][0]!.id });
    expect(await client.closed()).toMatchObject({ code: 3000, reason: 'revoked' });
    expect((await handshakes['in the query']!(app, token).refusal()).status).toBe(401);
  });
});

const long = Object.entries(tokens).filter(([, token]) => token.length >= 16);

it.each(long)(
  'K1a: a token with the form of %s is known for its revocation in a field of any name',
  async (_form, token) => {
    const strategy = customStrategy(
      'field',
      ({ body }) => body['key'] === token && { id: 'alice' },
    );
    await using app = await startProtected({ strategy: 'field' }, [strategy]);
    const present = async (): Promise<TestClient> => {
      const client = await app.connect().opened();
      return client.emit('authenticate', { key: token });
    };
    const client = await present();
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
    const sessions = app.nest.get(WsAuthSessions);
    await sessions.revoke({ sessionId: [...sessions][0]!.id });
    const again = await present();
    expect(await again.closed()).toEqual({ code: 3000, reason: 'revoked' });
  },
);

it('K5h: a token without a colon stands in place of the user name, too', async () => {
  await using app = await start();
  for (const token of Object.values(tokens).filter((each) => !each.includes(':'))) {
    const headers = { authorization: basicHeader(token, 'x') };
    const client = await app.connect('/', { headers }).opened();
    expect(await client.ask('whoami')).toEqual(expected('fromUserInfo'));
  }
});

it('K5h: a token that no strategy accepts is refused by the strategy, with 401', async () => {
  await using app = await start();
  // After a bad cookie a first message may follow.
  const { 'in a cookie': _cookie, ...explicit } = handshakes;
  for (const connect of Object.values(explicit)) {
    expect((await connect(app, '2|forged').refusal()).status).toBe(401);
  }
});

describe('K8f: a token in an entry of its own', () => {
  it.each([
    [['token', 'MXxhYmM'], 'token'],
    [['chat', 'token', 'MXxhYmM'], 'chat'],
  ])('is never answered, and the entry before it may be: %j', async (protocols, answered) => {
    known.add('1|abc');
    await using app = await start();
    const client = await app.connect('/', { protocols }).opened();
    expect(client.socket.protocol).toBe(answered);
  });
});

type Verify = (claims: object, done: (error: unknown, user?: object) => void) => void;

const acceptAlice: Verify = (_claims, done) => done(null, { id: 'alice' });

/** Asks the issuer what an opaque token states, as `passport-zitadel` does. */
class Introspecting {
  readonly name = 'introspecting';

  constructor(
    private readonly claims: object,
    readonly verify: Verify,
  ) {}

  authenticate(this: Introspecting & StrategyActions, { headers }: IncomingMessage): void {
    const active = headers.authorization === 'Bearer opaque';
    this.verify({ active, ...this.claims }, (_error, user) => this.success(user));
  }
}

it('K10a: a session ends with the end that its strategy has handed to validate(), and by its jti', async () => {
  const exp = Math.floor(Date.now() / 1_000) + 600;
  const useValue = new Introspecting({ exp, jti: 'name of the token' }, acceptAlice);
  await using app = await startProtected({ strategy: 'introspecting' }, [
    { provide: Introspecting, useValue },
  ]);
  const client = await app.connect('/', { headers: { authorization: 'Bearer opaque' } }).opened();
  await client.ask('whoami');
  const sessions = app.nest.get(WsAuthSessions);
  expect([...sessions][0]?.expiresAt).toBe(exp * 1_000);
  await sessions.revoke({ tokenId: 'name of the token' });
  expect(await client.closed()).toMatchObject({ code: 3000, reason: 'revoked' });
});
