import type { Type } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import session, { MemoryStore } from 'express-session';
import passport, { Strategy } from 'passport';
import { describe, expect, it } from 'vitest';
import {
  fromRequest,
  WsAuthSessions,
  type WsAuthMiddleware,
  type WsAuthModuleOptions,
} from '../../lib/index.js';
import { startProtected } from '../support/app.js';
import { customStrategy, JwtStrategy, type JudgedRequest } from '../support/strategies.js';
import { presentAt } from '../support/token-places.js';

class Passing extends Strategy {
  override authenticate(): void {
    this.pass();
  }
}

const options: WsAuthModuleOptions = {
  credentials: [fromRequest({ headers: ['X-Key'], queryParams: ['key'] })],
  allowedOrigins: [/.*/],
  optional: true,
  failedAttempts: { perAddress: { points: 2, windowMs: 60_000 } },
};
const origin = 'http://localhost';
const unrelated = { cookie: '_ga=GA1.2.1; theme=dark', origin };

const reading = (read: (request: JudgedRequest) => unknown): Type<object> =>
  customStrategy('placed', (request) => read(request) === 'right' && { id: 'alice' });
const cookiesOf = (request: JudgedRequest) =>
  (request as unknown as { readonly cookies: Record<string, string> }).cookies;

const ignoring: WsAuthMiddleware = (_request, _response, next) => next();

/** Leaves it to middleware to find the user. */
class PassingStrategy extends PassportStrategy(Passing, 'placed') {
  validate(): void {}
}

/** What becomes of four clients, one after another. */
async function fates(
  strategy: Type<object>,
  headers: Record<string, string>,
  more: WsAuthModuleOptions = {},
): Promise<readonly string[]> {
  const name = strategy === JwtStrategy ? 'jwt' : 'placed';
  const providers = strategy === JwtStrategy ? [] : [strategy];
  await using app = await startProtected({ strategy: name, ...options, ...more }, providers);
  const place = { name, strategy, options, upgrade: () => ['/', { headers }] as const };
  const seen: string[] = [];
  for (let count = 0; count < 4; count += 1) {
    seen.push((await presentAt(app, place, '')).fate);
  }
  const users = [...app.nest.get(WsAuthSessions)].map(({ user }) => user);
  expect(users.every((user) => user === null)).toBe(true);
  return seen;
}

const guests = ['open', 'open', 'open', 'open'];
const limited = ['refused 401', 'refused 401', 'refused 429', 'refused 429'];

describe('K13a: guests of a gateway whose strategies read the request', () => {
  it.each<[string, Type<object>, Record<string, string>]>([
    ['without anything', reading(({ headers }) => headers['x-key']), {}],
    ['with cookies of other things', reading(({ headers }) => headers['x-key']), unrelated],
    ['with other cookies', reading((request) => cookiesOf(request)['sid']), unrelated],
    ['with cookies in which an extractor finds no token', JwtStrategy, unrelated],
  ])('come in, and use up no attempts: %s', async (_what, strategy, headers) => {
    expect(await fates(strategy, headers)).toEqual(guests);
  });

  it('come in where a session of HTTP has no user', async () => {
    const withSession = session({
      store: new MemoryStore(),
      secret: 'secret',
      resave: false,
      saveUninitialized: false,
    });
    const middleware = [withSession, passport.session()];
    const strategy = reading(() => undefined);
    const more = { strategy: 'session', middleware };
    expect(await fates(strategy, unrelated, more)).toEqual(guests);
  });

  it.each<[string, Type<object>, Record<string, string>]>([
    ['a header field', reading(({ headers }) => headers['x-key']), { 'x-key': 'wrong' }],
    [
      'a header field beside cookies',
      reading(({ headers }) => headers['x-key']),
      { ...unrelated, 'x-key': 'wrong' },
    ],
    ['a cookie', reading((request) => cookiesOf(request)['sid']), { cookie: 'sid=wrong', origin }],
    [
      'one of all cookies',
      reading(({ headers }) => /sid=([^;]*)/.exec(headers.cookie ?? '')?.[1]),
      { cookie: 'sid=wrong', origin },
    ],
  ])('are refused with a credential that is not valid: %s', async (_what, strategy, headers) => {
    expect(await fates(strategy, headers)).toEqual(limited);
  });

  it.each<[string, Type<object>]>([
    ['a field that is not named', reading(({ headers }) => headers['x-other'])],
    ['all lines', reading(({ rawHeaders }) => rawHeaders)],
    ['middleware that sets the user, with a strategy that passes', PassingStrategy],
  ])('use up attempts with what may be a guess: %s', async (_what, strategy) => {
    const more = strategy === PassingStrategy ? { middleware: [ignoring] } : {};
    const seen = await fates(strategy, { 'x-other': 'wrong' }, more);
    expect(seen.slice(2)).toEqual(['refused 429', 'refused 429']);
  });
});
