import type { Type } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import jwt from 'jsonwebtoken';
import { Strategy as BearerStrategy } from 'passport-http-bearer';
import { ExtractJwt } from 'passport-jwt';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  fromRequest,
  fromSubprotocol,
  fromUserInfo,
  type WsAuthModuleOptions,
} from '../../lib/index.js';
import type { TestApp } from './app.js';
import type { ConnectOptions, TestClient } from './client.js';
import {
  customStrategy,
  jwtStrategyWith,
  type JudgedRequest,
  type TestUser,
} from './strategies.js';
import { basicHeader, secret } from './tokens.js';

/** A place that a strategy takes its token from, and a client that puts it there. */
export interface TokenPlace {
  readonly name: string;
  readonly strategy: Type<object>;
  readonly options: WsAuthModuleOptions;
  /** Upgrade that presents the token; none where a message does. */
  readonly upgrade?: (token: string) => readonly [path: string, options?: ConnectOptions];
  /** `data` of the first message. */
  readonly message?: (token: string) => object;
}

interface Claims {
  readonly sub: string;
}

type Extract = (request: JudgedRequest) => unknown;

/** A strategy of passport-jwt, with that extractor. */
function jwtStrategy(jwtFromRequest: Extract): Type<object> {
  return jwtStrategyWith('placed', { jwtFromRequest });
}

/** A strategy that verifies by itself what it reads. */
function ownStrategy(extract: Extract): Type<object> {
  return customStrategy('placed', (request) => verified(extract(request)));
}

/** `passport-http-bearer`, which finds the token by itself. */
class PlacedBearerStrategy extends PassportStrategy(BearerStrategy, 'placed') {
  validate(token: string): TestUser | false {
    return verified(token);
  }
}

function verified(token: unknown): TestUser | false {
  try {
    return { id: (jwt.verify(String(token), secret) as unknown as Claims).sub };
  } catch {
    return false;
  }
}

const origin = 'http://localhost';
const fromBearer = ExtractJwt.fromAuthHeaderAsBearerToken();
const inHeader = (token: string) =>
  ['/', { headers: { authorization: `Bearer ${token}` } }] as const;
const readsItself: WsAuthModuleOptions = {
  credentials: [fromRequest({ headers: ['X-Token'], queryParams: ['jwt'] })],
  allowedOrigins: [/.*/],
};
const byMessage: WsAuthModuleOptions = { credentials: [fromFirstMessage()] };
const cookieOf = ({ headers }: JudgedRequest) => /jwt=([^;]*)/.exec(headers.cookie ?? '')?.[1];
const cookiesOf = (request: JudgedRequest) =>
  (request as unknown as { readonly cookies: Record<string, string> }).cookies;
const inCookies = (chunks: readonly string[]) =>
  [
    '/',
    {
      headers: { cookie: chunks.map((chunk, index) => `jwt.${index}=${chunk}`).join('; '), origin },
    },
  ] as const;
const escaped = (text: string) =>
  Array.from(text, (each) => `%${each.charCodeAt(0).toString(16)}`).join('');
const encoded = (text: string) => Buffer.from(text).toString('base64url');
const decoded = (text: string) => Buffer.from(text, 'base64url').toString();
const listOf = (token: string) => Buffer.from(JSON.stringify([token])).toString('base64url');
const queryOf = ({ url }: JudgedRequest) =>
  new URL(url ?? '', 'http://localhost').searchParams.get('jwt');

/** Every place of a handshake and of a first message, with strategies of every kind. */
export const tokenPlaces: readonly TokenPlace[] = [
  {
    name: 'the Authorization header',
    strategy: jwtStrategy(fromBearer),
    options: { credentials: [fromAuthorizationHeader()] },
    upgrade: inHeader,
  },
  {
    name: 'the Authorization header, read by the strategy',
    strategy: ownStrategy(fromBearer),
    options: { credentials: [fromAuthorizationHeader()] },
    upgrade: inHeader,
  },
  {
    name: 'the Authorization header, passport-http-bearer',
    strategy: PlacedBearerStrategy,
    options: { credentials: [fromAuthorizationHeader()] },
    upgrade: inHeader,
  },
  {
    name: 'the password of HTTP Basic',
    strategy: ownStrategy(({ headers }) =>
      Buffer.from(headers.authorization?.slice('Basic '.length) ?? '', 'base64')
        .toString()
        .replace(/^[^:]*:/, ''),
    ),
    options: { credentials: [fromAuthorizationHeader()] },
    upgrade: (token) => ['/', { headers: { authorization: basicHeader('user', token) } }],
  },
  {
    name: 'the query',
    strategy: jwtStrategy(fromBearer),
    options: { credentials: [fromQueryParam('token')] },
    upgrade: (token) => [`/?token=${token}`],
  },
  {
    name: 'a cookie',
    strategy: jwtStrategy(fromBearer),
    options: { credentials: [fromCookie('token')], allowedOrigins: [/.*/] },
    upgrade: (token) => ['/', { headers: { cookie: `token=${token}`, origin } }],
  },
  {
    name: 'the query, where passport-jwt reads it as well',
    strategy: jwtStrategy(ExtractJwt.fromUrlQueryParameter('token')),
    options: { credentials: [fromQueryParam('token')] },
    upgrade: (token) => [`/?token=${token}`],
  },
  {
    name: 'the query, read by the strategy as well',
    strategy: ownStrategy(({ query }) => query['token']),
    options: { credentials: [fromQueryParam('token')] },
    upgrade: (token) => [`/?token=${token}`],
  },
  {
    name: 'the query, where passport-http-bearer reads it as well',
    strategy: PlacedBearerStrategy,
    options: { credentials: [fromQueryParam('access_token')] },
    upgrade: (token) => [`/?access_token=${token}`],
  },
  {
    name: 'a cookie, read by the strategy as well',
    strategy: ownStrategy(
      (request) => (request as unknown as { cookies: { token: string } }).cookies.token,
    ),
    options: { credentials: [fromCookie('token')], allowedOrigins: [/.*/] },
    upgrade: (token) => ['/', { headers: { cookie: `token=${token}`, origin } }],
  },
  {
    name: 'a subprotocol',
    strategy: jwtStrategy(fromBearer),
    options: { credentials: [fromSubprotocol()] },
    upgrade: (token) => ['/', { protocols: ['chat', `bearer.${token}`] }],
  },
  {
    name: 'user information',
    strategy: jwtStrategy(fromBearer),
    options: { credentials: [fromUserInfo()] },
    upgrade: (token) => ['/', { headers: { authorization: basicHeader(token, 'x') } }],
  },
  {
    name: 'a header of its own',
    strategy: jwtStrategy(ExtractJwt.fromHeader('x-token')),
    options: readsItself,
    upgrade: (token) => ['/', { headers: { 'x-token': token } }],
  },
  {
    name: 'a header of its own, read by the strategy behind a scheme',
    strategy: ownStrategy(({ headers }) => String(headers['x-token']).replace(/^Bearer /, '')),
    options: readsItself,
    upgrade: (token) => ['/', { headers: { 'x-token': `Bearer ${token}` } }],
  },
  {
    name: 'a query parameter of its own',
    strategy: jwtStrategy(ExtractJwt.fromUrlQueryParameter('jwt')),
    options: readsItself,
    upgrade: (token) => [`/?jwt=${token}`],
  },
  {
    name: 'a query parameter of its own, read by the strategy',
    strategy: ownStrategy(queryOf),
    options: readsItself,
    upgrade: (token) => [`/?jwt=${token}`],
  },
  {
    name: 'a cookie of its own',
    strategy: jwtStrategy(cookieOf),
    options: readsItself,
    upgrade: (token) => ['/', { headers: { cookie: `a=b; jwt=${token}`, origin } }],
  },
  {
    name: 'a cookie of its own, read by the strategy',
    strategy: ownStrategy(cookieOf),
    options: readsItself,
    upgrade: (token) => ['/', { headers: { cookie: `a=b; jwt=${token}`, origin } }],
  },
  {
    name: 'a cookie that middleware has parsed',
    strategy: ownStrategy(
      (request) => (request as unknown as { cookies: { jwt: string } }).cookies.jwt,
    ),
    options: {
      ...readsItself,
      middleware: [
        (request: JudgedRequest, _response: unknown, next: () => void) => {
          Object.assign(request, { cookies: { jwt: cookieOf(request) } });
          next();
        },
      ],
    },
    upgrade: (token) => ['/', { headers: { cookie: `jwt=${token}`, origin } }],
  },
  {
    name: 'cookies of its own, in chunks',
    strategy: ownStrategy(({ headers }) =>
      Array.from((headers.cookie ?? '').matchAll(/jwt\.\d=([^;]*)/g), ([, chunk]) => chunk).join(
        '',
      ),
    ),
    options: readsItself,
    upgrade: (token) => inCookies([token.slice(0, 60), token.slice(60, 90), token.slice(90)]),
  },
  {
    name: 'cookies of its own, with the signature apart',
    strategy: ownStrategy(
      (request) => cookiesOf(request)['jwt.0'] + '.' + cookiesOf(request)['jwt.1'],
    ),
    options: readsItself,
    upgrade: (token) => inCookies(token.split(/\.(?=[^.]*$)/)),
  },
  {
    name: 'a cookie of its own, with all characters escaped',
    strategy: ownStrategy((request) => cookiesOf(request)['jwt']),
    options: readsItself,
    upgrade: (token) => ['/', { headers: { cookie: `jwt=${escaped(token)}`, origin } }],
  },
  {
    name: 'a query parameter of its own, with all characters escaped',
    strategy: ownStrategy(({ query }) => query['jwt']),
    options: readsItself,
    upgrade: (token) => [`/?jwt=${escaped(token)}`],
  },
  {
    name: 'a signed cookie of its own, in base64',
    strategy: ownStrategy(
      (request) =>
        JSON.parse(
          Buffer.from(cookiesOf(request)['jwt']!.slice(2).split('.', 1)[0]!, 'base64').toString(),
        )[0],
    ),
    options: readsItself,
    upgrade: (token) => ['/', { headers: { cookie: `jwt=s%3A${listOf(token)}.c2ln`, origin } }],
  },
  {
    name: 'a cookie of its own, in base64 twice',
    strategy: ownStrategy((request) => decoded(decoded(cookiesOf(request)['jwt']!))),
    options: readsItself,
    upgrade: (token) => ['/', { headers: { cookie: `jwt=${encoded(encoded(token))}`, origin } }],
  },
  {
    name: 'two fields of the first message, joined',
    strategy: ownStrategy(({ body: { a, b } }) => String(a) + String(b)),
    options: byMessage,
    message: (token) => ({ a: token.slice(0, 40), b: token.slice(40) }),
  },
  {
    name: 'two fields of the first message, joined in another order',
    strategy: ownStrategy(({ body: { a, b } }) => String(b) + String(a)),
    options: byMessage,
    message: (token) => ({ a: token.slice(90), b: token.slice(0, 90) }),
  },
  {
    name: 'the field token of the first message',
    strategy: jwtStrategy(fromBearer),
    options: byMessage,
    message: (token) => ({ token }),
  },
  {
    name: 'another field of the first message',
    strategy: jwtStrategy(ExtractJwt.fromBodyField('access_token')),
    options: byMessage,
    message: (token) => ({ access_token: token, password: 'beside it' }),
  },
  {
    name: 'another field of the first message, passport-http-bearer',
    strategy: PlacedBearerStrategy,
    options: byMessage,
    message: (token) => ({ access_token: token, password: 'beside it' }),
  },
  {
    name: 'a nested field of the first message, read by the strategy',
    strategy: ownStrategy(({ body }) => (body['auth'] as { tokens: string[] }).tokens[0]),
    options: byMessage,
    message: (token) => ({ auth: { tokens: [token] }, password: 'beside it' }),
  },
  {
    name: 'fields of the first message, a part in each',
    strategy: ownStrategy(({ body }) =>
      [body['protected'], body['payload'], body['signature']].join('.'),
    ),
    options: byMessage,
    message: (token) => {
      const [header, payload, signature] = token.split('.');
      return { payload, protected: header, signature };
    },
  },
];

/** A client that presents the token, and what became of it: `open`, or how it was refused. */
export async function presentAt(
  app: TestApp,
  { upgrade, message }: TokenPlace,
  token: string,
): Promise<{ readonly client: TestClient; readonly fate: string }> {
  const client = app.connect(...(upgrade?.(token) ?? ['/']));
  const opened = client.opened().then(
    () => 'open',
    () => client.refusal().then(({ status }) => `refused ${status}`),
  );
  const refused = client.refusal().then(({ status }) => `refused ${status}`);
  const fate = await Promise.race([opened, refused]);
  return message ? { client, fate: await fateOfMessage(client, message(token)) } : { client, fate };
}

async function fateOfMessage(client: TestClient, data: object): Promise<string> {
  client.emit('authenticate', data);
  const closed = client.closed().then(({ code, reason }) => `closed ${code} ${reason}`);
  const answered = client.nextEvent().then(
    ({ event }) => (event === 'authenticated' ? 'open' : event),
    () => closed,
  );
  return Promise.race([answered, closed]);
}
