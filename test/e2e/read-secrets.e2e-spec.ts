import type { Type } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { HeaderAPIKeyStrategy } from 'passport-headerapikey';
import { describe, expect, it } from 'vitest';
import {
  fromFirstMessage,
  fromRequest,
  WsAuthSessions,
  type WsAuthModuleOptions,
} from '../../lib/index.js';
import { startProtected, type TestApp } from '../support/app.js';
import { customStrategy, type JudgedRequest } from '../support/strategies.js';
import { presentAt, type TokenPlace } from '../support/token-places.js';

/** A secret of several texts, as a client presents it. */
interface Secret {
  readonly key: string;
  readonly secret: string;
}

const alice: Secret = { key: 'key-shared-by-both', secret: 'secret-of-alice-AAAA' };
const bob: Secret = { key: 'key-shared-by-both', secret: 'secret-of-bob-BBBBBB' };

type Read = (request: JudgedRequest) => unknown;

/** Accepts the secrets of both. */
const accepting = (read: Read): Type<object> =>
  customStrategy('placed', (request) => {
    const found = [read(request)].flat();
    return [alice, bob].some(({ secret }) => found.includes(secret)) && { id: found.at(-1) };
  });

class ApiKeyStrategy extends PassportStrategy(HeaderAPIKeyStrategy, 'placed') {
  constructor() {
    super({ header: 'X-Secret', prefix: '' }, false);
  }

  validate(secret: string): object {
    return { id: secret };
  }
}

const options: WsAuthModuleOptions = {
  credentials: [fromRequest({ headers: ['X-Key', 'X-Secret'], queryParams: ['secret'] })],
  allowedOrigins: [/.*/],
};

/** Options with middleware that takes the secret out of the request, as those that verify it themselves do. */
const behind = (take: Read): WsAuthModuleOptions => ({
  ...options,
  middleware: [
    (request: JudgedRequest, _response: unknown, next: () => void) => {
      const token = take(request);
      Object.assign(request, { auth: { token }, tokens: new Map([['token', token]]) });
      next();
    },
  ],
});
type Prepared = JudgedRequest & {
  readonly auth: { readonly token: unknown };
  readonly tokens: ReadonlyMap<string, unknown>;
};
const ofAuth = accepting((request) => (request as Prepared).auth.token);
const ofMap = accepting((request) => (request as Prepared).tokens.get('token'));

const cookiesOf = (request: JudgedRequest) =>
  (request as unknown as { readonly cookies: Record<string, string> }).cookies;
const inHeaders =
  (make: (secret: Secret) => Record<string, string>) =>
  (presented: string): ReturnType<NonNullable<TokenPlace['upgrade']>> => [
    '/',
    { headers: make(JSON.parse(presented) as Secret) },
  ];

/** Secrets that are no JWTs, in every place that a strategy may read by itself. */
const places: readonly TokenPlace[] = [
  {
    name: 'a header field',
    strategy: accepting(({ headers }) => headers['x-secret']),
    options,
    upgrade: inHeaders(({ secret }) => ({ 'x-secret': secret })),
  },
  {
    name: 'a header field, passport-headerapikey',
    strategy: ApiKeyStrategy,
    options,
    upgrade: inHeaders(({ secret }) => ({ 'x-secret': secret })),
  },
  {
    name: 'two header fields',
    strategy: accepting(({ headers }) => [headers['x-key'], headers['x-secret']]),
    options,
    upgrade: inHeaders(({ key, secret }) => ({ 'x-key': key, 'x-secret': secret })),
  },
  {
    name: 'a parameter',
    strategy: accepting(({ query }) => query['secret']),
    options,
    upgrade: (presented) => [`/?secret=${(JSON.parse(presented) as Secret).secret}`],
  },
  {
    name: 'Authorization with a scheme of its own',
    strategy: accepting(({ headers }) => headers.authorization?.split(' ')[1]),
    options,
    upgrade: inHeaders(({ secret }) => ({ authorization: `ApiKey ${secret}` })),
  },
  {
    name: 'a parsed cookie',
    strategy: accepting((request) => cookiesOf(request)['sid']),
    options,
    upgrade: inHeaders(({ secret }) => ({
      cookie: `theme=dark; sid=${secret}`,
      origin: 'http://localhost',
    })),
  },
  {
    name: 'an object of middleware, from Authorization',
    strategy: ofAuth,
    options: behind(({ headers }) => headers.authorization?.split(' ')[1]),
    upgrade: inHeaders(({ secret }) => ({ authorization: `Bearer ${secret}` })),
  },
  {
    name: 'a map of middleware, from a header field',
    strategy: ofMap,
    options: behind(({ headers }) => headers['x-secret']),
    upgrade: inHeaders(({ secret }) => ({ 'x-secret': secret })),
  },
  {
    name: 'an object of middleware, from two header fields',
    strategy: ofAuth,
    options: behind(({ headers }) => [headers['x-key'], headers['x-secret']]),
    upgrade: inHeaders(({ key, secret }) => ({ 'x-key': key, 'x-secret': secret })),
  },
  {
    name: 'an object of middleware, from a parameter',
    strategy: ofAuth,
    options: behind(({ query }) => query['secret']),
    upgrade: (presented) => [`/?secret=${(JSON.parse(presented) as Secret).secret}`],
  },
  {
    name: 'fields of the first message',
    strategy: accepting(({ body }) => [body['key'], body['secret']]),
    options: { credentials: [fromFirstMessage()] },
    message: (presented) => JSON.parse(presented) as Secret,
  },
];

const refused = /^(refused 401|closed 3000 revoked)$/;
const sessionsOf = (app: TestApp) => app.nest.get(WsAuthSessions);
const present = (app: TestApp, place: TokenPlace, secret: Secret) =>
  presentAt(app, place, JSON.stringify(secret));

it('K1b: a secret that was revoked stays refused when the client adds another one', async () => {
  const strategy = accepting(({ headers, query }) => [query['secret'], headers['x-secret']]);
  const place = { name: 'both', strategy, options };
  await using app = await startProtected({ strategy: 'placed', ...options }, [strategy]);
  const at = (path: string): TokenPlace => ({
    ...place,
    upgrade: () => [path, { headers: { 'x-secret': alice.secret } }],
  });
  const { client, fate } = await present(app, at('/'), alice);
  expect(fate).toBe('open');
  await sessionsOf(app).revoke({ sessionId: [...sessionsOf(app)][0]!.id });
  expect(await client.closed()).toMatchObject({ reason: 'revoked' });
  expect((await present(app, at('/?secret=junk'), alice)).fate).toBe('refused 401');
});

describe.each(places)('K1b: a secret that a strategy reads in $name', (place) => {
  it('is refused after its session was revoked, and no other one is', async () => {
    await using app = await startProtected({ strategy: 'placed', ...place.options }, [
      place.strategy,
    ]);
    const one = await present(app, place, alice);
    const other = await present(app, place, bob);
    expect([one.fate, other.fate]).toEqual(['open', 'open']);
    const [session] = sessionsOf(app).ofUser(alice.secret);
    await sessionsOf(app).revoke({ sessionId: session!.id });
    expect(await one.client.closed()).toEqual({ code: 3000, reason: 'revoked' });
    expect((await present(app, place, alice)).fate).toMatch(refused);
    expect(await other.client.ask('echo', 1)).toBe(1);
    expect((await present(app, place, bob)).fate).toBe('open');
  });
});
