import type { Type } from '@nestjs/common';
import { createRequire } from 'node:module';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy as BearerStrategy } from 'passport-http-bearer';
import { ExtractJwt } from 'passport-jwt';
import { describe, expect, it } from 'vitest';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  fromRequest,
  fromSubprotocol,
  fromUserInfo,
  WsAuthSessions,
  type WsAuthMiddleware,
  type WsAuthModuleOptions,
  type WsCredentialExtractor,
} from '../../lib/index.js';
import { startProtected, type TestApp } from '../support/app.js';
import type { ConnectOptions } from '../support/client.js';
import { EchoGateway } from '../support/gateways.js';
import { customStrategy, jwtStrategyWith, type JudgedRequest } from '../support/strategies.js';
import { basicHeader, tokenOf } from '../support/tokens.js';

type Extract = (request: JudgedRequest & { readonly cookies: Record<string, string> }) => unknown;
type Way = (token: string) => readonly [path: string, options?: ConnectOptions];

const origin = 'https://app.example.com';
const opaque = 'opaque-token-of-alice+/==';

const jwtStrategy = (jwtFromRequest: unknown) => jwtStrategyWith('placed', { jwtFromRequest });

function opaqueStrategy(extract: Extract): Type<object> {
  return customStrategy(
    'placed',
    (request) => extract(request as never) === opaque && { id: 'alice' },
  );
}

class PlacedBearerStrategy extends PassportStrategy(BearerStrategy, 'placed') {
  validate(token: string): object | false {
    return token === opaque && { id: 'alice' };
  }
}

const cookie =
  (name: string): Way =>
  (token) => ['/', { headers: { origin, cookie: `a=b; ${name}=${encodeURIComponent(token)}` } }];
const query =
  (name: string): Way =>
  (token) => [`/?a=1&${name}=${encodeURIComponent(token)}`];
const bearer: Way = (token) => ['/', { headers: { authorization: `Bearer ${token}` } }];

/** Extractors, the ways that a client sends a token by, and how strategies read it over HTTP. */
const gateways: readonly {
  readonly name: string;
  readonly credentials: ReturnType<typeof fromRequest>[];
  readonly ways: Readonly<Record<string, Way>>;
  readonly jwt: unknown;
  readonly own: Extract;
}[] = [
  {
    name: "fromQueryParam('token')",
    credentials: [fromQueryParam('token'), fromAuthorizationHeader()],
    ways: { query: query('token'), header: bearer },
    jwt: ExtractJwt.fromUrlQueryParameter('token'),
    own: (request) => request.query['token'],
  },
  {
    name: "fromQueryParam('access_token')",
    credentials: [fromQueryParam('access_token')],
    ways: { query: query('access_token') },
    jwt: ExtractJwt.fromUrlQueryParameter('access_token'),
    own: (request) => request.query['access_token'],
  },
  {
    name: 'fromQueryParam() with a name that is escaped',
    credentials: [fromQueryParam('a b&c')],
    ways: { query: query('a%20b%26c') },
    jwt: ExtractJwt.fromUrlQueryParameter('a b&c'),
    own: (request) => request.query['a b&c'],
  },
  {
    name: "fromCookie('jwt')",
    credentials: [fromCookie('jwt')],
    ways: { cookie: cookie('jwt') },
    jwt: (request: { cookies: { jwt?: string } }) => request.cookies.jwt ?? null,
    own: (request) => request.cookies['jwt'],
  },
  {
    name: "fromCookie('jwt'), read from the header field",
    credentials: [fromCookie('jwt')],
    ways: { cookie: cookie('jwt') },
    jwt: ({ headers }: JudgedRequest) => /jwt=([^;]*)/.exec(headers.cookie ?? '')?.[1] ?? null,
    own: ({ headers }) => decodeURIComponent(/jwt=([^;]*)/.exec(headers.cookie ?? '')?.[1] ?? ''),
  },
  {
    name: 'fromAuthorizationHeader()',
    credentials: [fromAuthorizationHeader({ schemes: ['Bearer'] })],
    ways: { header: bearer },
    jwt: ExtractJwt.fromAuthHeaderWithScheme('bearer'),
    own: ({ headers }) => headers.authorization?.slice('Bearer '.length),
  },
  {
    name: 'all of them',
    credentials: [
      fromUserInfo(),
      fromQueryParam('token'),
      fromCookie('jwt'),
      fromSubprotocol(),
      fromAuthorizationHeader({ schemes: ['Bearer'] }),
    ],
    ways: {
      query: query('token'),
      cookie: cookie('jwt'),
      header: bearer,
      'user information': (token) => ['/', { headers: { authorization: basicHeader(token, 'x') } }],
    },
    jwt: ExtractJwt.fromExtractors([
      (request: unknown) => (request as { cookies: { jwt?: string } }).cookies.jwt ?? null,
      ExtractJwt.fromUrlQueryParameter('token'),
    ]),
    own: ({ cookies, query: { token } }) => cookies['jwt'] === token && token,
  },
];

async function start(
  credentials: WsCredentialExtractor[],
  strategy: Type<object>,
  options: WsAuthModuleOptions = {},
): Promise<TestApp> {
  return startProtected({ strategy: 'placed', credentials, allowedOrigins: [origin], ...options }, [
    strategy,
  ]);
}

/** Nothing of the request that the gateway has seen holds the token. */
function expectRedacted(app: TestApp, token: string): void {
  const { request } = app.nest.get(EchoGateway).connected.at(-1)!;
  const seen = JSON.stringify([request.url, request.headers, request.rawHeaders]);
  expect(seen).not.toContain(token);
  expect(seen).not.toContain(encodeURIComponent(token));
}

describe.each(gateways)('K8b: a strategy beside $name', ({ credentials, ways, jwt, own }) => {
  it.each(Object.entries(ways))('finds a JWT where it looks (%s)', async (_what, way) => {
    await using app = await start(credentials, jwtStrategy(jwt));
    const token = tokenOf('alice');
    await app.connect(...way(token)).opened();
    expectRedacted(app, token);
  });

  it.each(Object.entries(ways))(
    'finds an opaque token where it looks, which revokes the session (%s)',
    async (_what, way) => {
      await using app = await start(credentials, opaqueStrategy(own));
      const client = await app.connect(...way(opaque)).opened();
      expectRedacted(app, opaque);
      if (credentials.some(({ place }) => place === 'request')) {
        // A text that only the strategy knows as a token has no name.
        return;
      }
      const sessions = app.nest.get(WsAuthSessions);
      await sessions.revoke({ sessionId: [...sessions][0]!.id });
      expect(await client.closed()).toMatchObject({ code: 3000, reason: 'revoked' });
      expect((await app.connect(...way(opaque)).refusal()).status).toBe(401);
    },
  );

  it('finds the token of a renewal there', async () => {
    await using app = await start(credentials, jwtStrategy(jwt));
    const [way] = Object.values(ways);
    const client = await app.connect(...way!(tokenOf('alice'))).opened();
    client.emit('authenticate', { token: tokenOf('alice') });
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
  });

  it('finds the token of a first message there', async () => {
    await using app = await start([...credentials, fromFirstMessage()], jwtStrategy(jwt));
    const client = await app.connect().opened();
    client.emit('authenticate', { token: tokenOf('alice') });
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
  });
});

describe('K8b: passport-http-bearer, which refuses a token in two places', () => {
  it('finds it once', async () => {
    await using app = await start([fromQueryParam('access_token')], PlacedBearerStrategy);
    await app.connect(...query('access_token')(opaque)).opened();
  });
});

it('K8b: keeps the cookies that cookie-parser has found beside that of the token', async () => {
  const cookieParser = createRequire(import.meta.url)('cookie-parser') as () => WsAuthMiddleware;
  const strategy = opaqueStrategy(({ cookies }) => cookies['jwt']);
  await using app = await start([fromCookie('jwt')], strategy, { middleware: [cookieParser()] });
  await app.connect(...cookie('jwt')(opaque)).opened();
});

it('K8b, CK-07: shows a strategy no other cookie of the client', async () => {
  let seen: unknown;
  const strategy = opaqueStrategy(({ cookies, headers }) => {
    seen = [{ ...cookies }, headers.cookie];
    return cookies['jwt'];
  });
  await using app = await start([fromCookie('jwt')], strategy);
  await app.connect(...cookie('jwt')(opaque)).opened();
  expect(seen).toEqual([{ jwt: opaque }, `jwt=${encodeURIComponent(opaque)}`]);
});

it('K8b: presents no token in a header that fromRequest() names, which a proxy may vouch for', async () => {
  const proxied = customStrategy('proxy', ({ headers }) => {
    const id = headers['x-forwarded-user'];
    return id !== undefined && { id };
  });
  const trusted = fromRequest({ headers: ['X-Forwarded-User'] });
  const options = { strategy: 'proxy' };
  const byMessage = { ...options, credentials: [trusted, fromFirstMessage()] };
  await using app = await startProtected(byMessage, [proxied]);
  const client = await app.connect().opened();
  client.emit('authenticate', { token: 'admin' });
  expect((await client.closed()).code).toBe(3000);

  const byHeader = { ...options, credentials: [trusted, fromAuthorizationHeader()] };
  await using other = await startProtected(byHeader, [proxied]);
  const headers = { authorization: 'Bearer admin', 'x-forwarded-user': 'mallory' };
  const knock = other.connect('/', { headers });
  const answer = await Promise.race([
    knock.refusal(),
    knock.opened().then((open) => open.ask('whoami')),
  ]);
  expect(JSON.stringify(answer)).not.toContain('admin');
});
