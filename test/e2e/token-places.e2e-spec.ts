import jwt from 'jsonwebtoken';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromFirstMessage, fromRequest, WsAuthSessions } from '../../lib/index.js';
import type { WsAuthModuleOptions } from '../../lib/index.js';
import { startProtected, type TestApp } from '../support/app.js';
import { patient } from '../support/patience.js';
import { customStrategy } from '../support/strategies.js';
import { presentAt, tokenPlaces, type TokenPlace } from '../support/token-places.js';
import { tokenOf } from '../support/tokens.js';

const revoked = { code: 3000, reason: 'revoked' };
const refused = /^(refused 401|closed 3000 revoked)$/;

function startPlace({
  options,
  strategy,
}: Pick<TokenPlace, 'options' | 'strategy'>): Promise<TestApp> {
  return startProtected({ strategy: 'placed', ...options }, [strategy]);
}

const sessionsOf = (app: TestApp) => app.nest.get(WsAuthSessions);

/** Opens a session whose token lasts three seconds. */
async function presentBriefly(place: TokenPlace) {
  const app = await startPlace(place);
  const exp = Math.floor(Date.now() / 1_000) + 3;
  const { client, fate } = await presentAt(app, place, tokenOf('alice', { exp }));
  return { app, exp, client, fate, sessions: sessionsOf(app).ofUser('alice') };
}

describe('K1a, K1b: a token that ends', () => {
  const presented = new Map<TokenPlace, Awaited<ReturnType<typeof presentBriefly>>>();
  // All are open before the first one ends, so that the tests wait together.
  beforeAll(async () => {
    for (const place of tokenPlaces) {
      presented.set(place, await presentBriefly(place));
    }
  }, patient(60_000));
  afterAll(() => Promise.all([...presented.values()].map(({ app }) => app[Symbol.asyncDispose]())));

  it.each(tokenPlaces)('ends the session with itself, in $name', async (place) => {
    const { exp, client, fate, sessions } = presented.get(place)!;
    expect(fate).toBe('open');
    expect(sessions).toMatchObject([{ expiresAt: exp * 1_000 }]);
    expect(await client.closed()).toEqual({ code: 3000, reason: 'token expired' });
  });
});

describe.each(tokenPlaces)('K1a, K1b: a token in $name', (place) => {
  it.each<[string, object, (app: TestApp) => Promise<unknown>]>([
    ['user', { jti: 'one' }, (app) => sessionsOf(app).revoke({ userId: 'alice' })],
    ['jti', { jti: 'one' }, (app) => sessionsOf(app).revoke({ tokenId: 'one' })],
    ['jti that is a number', { jti: 42 }, (app) => sessionsOf(app).revoke({ tokenId: '42' })],
    ['session', { jti: 'one' }, (app) => sessionsOf(app).revoke({ sessionId: idIn(app) })],
    ['session, without a jti', {}, (app) => sessionsOf(app).revoke({ sessionId: idIn(app) })],
    ['issue', { jti: 'one' }, (app) => sessionsOf(app).revoke({ issuedBefore: Date.now() })],
  ])('is revoked by %s, and refused afterwards', async (_by, claims, revoke) => {
    await using app = await startPlace(place);
    const token = tokenOf('alice', claims);
    const { client, fate } = await presentAt(app, place, token);
    expect(fate).toBe('open');
    await revoke(app);
    expect(await client.closed()).toEqual(revoked);
    expect((await presentAt(app, place, token)).fate).toMatch(refused);
    expect(sessionsOf(app).count()).toBe(0);
  });
});

function idIn(app: TestApp): string {
  return [...sessionsOf(app)][0]!.id;
}

const decoy = jwt.sign({ jti: 'of the victim', exp: 4_000_000_000 }, 'a key of the attacker');

/** Strategies that judge a password, with a first message of the attacker. */
describe.each<[string, (body: Record<string, unknown>) => unknown]>([
  ['reads what it needs', ({ username, password }) => password === 'right' && { id: username }],
  [
    'takes no password of another type',
    (body) => body['password'] === 'right' && { id: 'mallory' },
  ],
])('K10a: a password strategy that %s', (_what, judge) => {
  const place: TokenPlace = {
    name: 'password',
    strategy: customStrategy('placed', ({ body }) => judge(body)),
    options: { credentials: [fromFirstMessage()] },
    message: (token) => ({ username: 'mallory', password: 'right', token, more: [token] }),
  };

  it('lets a made-up token name nothing, end nothing and hide nothing', async () => {
    await using app = await startPlace(place);
    const expired = jwt.sign({ jti: 'of the victim', iat: 1, exp: 2 }, 'a key of the attacker');
    const { client, fate } = await presentAt(app, place, expired);
    expect(fate).toBe('open');
    expect([...sessionsOf(app)]).toMatchObject([{ userId: 'mallory', expiresAt: undefined }]);
    await sessionsOf(app).revoke({ tokenId: 'of the victim' });
    expect(await client.ask('echo', 1)).toBe(1);
    await sessionsOf(app).revoke({ userId: 'mallory' });
    expect(await client.closed()).toEqual(revoked);
  });

  it('counts as presented now', async () => {
    await using app = await startPlace(place);
    await sessionsOf(app).revoke({ userId: 'mallory', issuedBefore: Date.now() - 1 });
    expect((await presentAt(app, place, decoy)).fate).toBe('open');
  });
});

/** Where an attacker adds a token to what a strategy takes its own token from. */
const decoys: readonly [string, TokenPlace, (own: string, other: string) => TokenPlace][] = [
  ...tokenPlaces
    .filter(({ message }) => message)
    .map((place): (typeof decoys)[number] => [
      place.name,
      place,
      (own, other) => ({
        ...place,
        message: () => ({ more: { deep: other }, ...place.message!(own) }),
      }),
    ]),
  ...tokenPlaces
    .filter(({ upgrade }) => upgrade)
    .map((place): (typeof decoys)[number] => [
      place.name,
      place,
      (own, other) => ({
        ...place,
        upgrade: () => {
          const [path, options] = place.upgrade!(own);
          return [path, { ...options, headers: { ...options?.headers, 'x-other': other } }];
        },
      }),
    ]),
];

describe.each(decoys)('K10a: a token that is added to one in %s', (_name, place, withDecoy) => {
  it('is not revoked by a logout, and does not keep the other one valid', async () => {
    await using app = await startPlace(place);
    const [own, victims] = [
      tokenOf('mallory', { jti: 'own' }),
      tokenOf('victim', { jti: 'victims' }),
    ];
    const added = withDecoy(own, victims);
    const { client, fate } = await presentAt(app, added, own);
    expect(fate).toBe('open');
    await sessionsOf(app).revoke({ sessionId: idIn(app) });
    expect(await client.closed()).toEqual(revoked);
    expect((await presentAt(app, place, victims)).fate).toBe('open');
    expect((await presentAt(app, place, own)).fate).toMatch(refused);
    expect((await presentAt(app, added, own)).fate).toMatch(refused);
  });
});

describe('K10b: tokens that are no JWTs', () => {
  const opaque = customStrategy('placed', ({ headers }) => ({
    id: headers.authorization?.slice(-4),
  }));
  const both: readonly [string, WsAuthModuleOptions][] = [
    ['the default', {}],
    ['fromRequest()', { credentials: [fromRequest()], allowedOrigins: [/.*/] }],
  ];
  const tokens = [
    ['v4.local', 'v4.local.payload-of-alice-AAAA', 'v4.local.payload-of-carl-BBBB'],
    ['v4.public', 'v4.public.payload-AAAA', 'v4.public.payload-BBBB'],
    ['API keys', 'live.key.AAAA', 'live.key.BBBB'],
  ] as const;
  it.each(tokens.flatMap((row) => both.map(([name, options]) => [...row, name, options] as const)))(
    'are distinguished: %s, %s and %s with %s',
    async (_kind, first, second, _name, options) => {
      await using app = await startPlace({ strategy: opaque, options });
      const place = tokenPlaces[0]!;
      const [one, other] = [
        await presentAt(app, place, first),
        await presentAt(app, place, second),
      ];
      expect([one.fate, other.fate]).toEqual(['open', 'open']);
      const { id } = sessionsOf(app).ofUser('AAAA')[0]!;
      await sessionsOf(app).revoke({ sessionId: id });
      expect(await one.client.closed()).toEqual(revoked);
      expect(await other.client.ask('echo', 1)).toBe(1);
      expect((await presentAt(app, place, second)).fate).toBe('open');
    },
  );
});
