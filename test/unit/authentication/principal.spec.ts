import { describe, expect, it } from 'vitest';
import { readPrincipal, type Principal } from '../../../lib/authentication/principal.js';
import type { WsAuthModuleOptions } from '../../../lib/policy/options.js';
import { resolvePolicy } from '../../../lib/policy/policy.js';
import { proofOf } from '../../../lib/sessions/proof.js';
import { turns } from '../../support/turns.js';
import { unverifiedToken } from '../../support/tokens.js';

function read(user: unknown, options: WsAuthModuleOptions = {}, exp?: unknown, info?: unknown) {
  const policy = resolvePolicy({ strategy: 'jwt', ...options });
  const tokens = [exp === undefined ? 'opaque' : unverifiedToken({ exp })];
  const proof = proofOf({ tokens, verified: true, presented: false }, user, info);
  return readPrincipal({ user, info, proof }, policy);
}

function emailOf({ email }: { readonly email: string }): string {
  return email;
}

function endOf(user: { readonly until: number }, info: unknown): number {
  return info === 'info' ? user.until : Number.NaN;
}

const inAnHour = Math.floor(Date.now() / 1_000) + 3_600;

describe('readPrincipal', () => {
  it.each([
    undefined,
    null,
    false,
    true,
    0,
    1,
    '',
    'alice',
    Number.NaN,
    7n,
    Symbol('alice'),
    () => ({}),
  ])('ST-12: knows no user in %s', (user) => {
    expect(read(user)).toBe('no-object');
  });

  it.each([
    ['an empty list of rows', []],
    ['a list of users', [{ id: 1 }]],
    ['a promise that was not awaited', Promise.resolve(false)],
    // oxlint-disable-next-line unicorn/no-thenable -- a query builder without `await` is one
    ['a query that was not awaited', { then: () => undefined }],
  ])('ST-12: knows no user in %s', (_what, user) => {
    expect(read(user)).toBe('no-object');
  });

  it.each([[{}], [Object.freeze({ id: 1 })], [Object.create(null)], [new Date()]])(
    'ST-19: takes the object %o as it is',
    (user: object) => {
      expect((read(user) as Principal).user).toBe(user);
    },
  );

  it('ST-19: takes a user that refers to itself, without printing it', () => {
    const user: { id: string; self?: unknown } = { id: 'a' };
    user.self = user;
    expect(read(user)).toMatchObject({ userId: 'a' });
  });

  it.each<[object, string | undefined]>([
    [{ id: 'a', sub: 'b', userId: 'c', username: 'd' }, 'a'],
    [{ sub: 'b', userId: 'c', username: 'd' }, 'b'],
    [{ userId: 'c', username: 'd' }, 'c'],
    [{ username: 'd' }, 'd'],
    [{ id: null, sub: 'b' }, 'b'],
    [{ id: 0 }, '0'],
    [{ id: 42n }, '42'],
    [{ id: {} }, undefined],
    [{ id: ['a'] }, undefined],
    [{ id: true }, undefined],
    [{ id: '' }, undefined],
    [{ id: Number.NaN }, undefined],
    [{}, undefined],
  ])('keys the user %o by %s', (user, userId) => {
    expect(read(user)).toMatchObject({ user, userId });
  });

  it('asks the application for the key', () => {
    expect(read({ id: 1, email: 'a@b' }, { userId: emailOf })).toMatchObject({ userId: 'a@b' });
    expect(read({ id: 1 }, { userId: () => undefined })).toMatchObject({ userId: undefined });
  });

  it.each([
    [7, '7'],
    [7n, '7'],
    ['', undefined],
    [null, undefined],
    [{}, undefined],
    [Promise.resolve('a'), undefined],
  ])('K2a: reads the key %o of the application as %s', (key, userId) => {
    const named = (() => key) as unknown as () => string;
    expect(read({ id: 1 }, { userId: named })).toMatchObject({ userId });
  });

  it('K2b: survives a key of the application that is awaited and fails', async () => {
    const userId = (() => Promise.reject(new Error('late'))) as unknown as () => string;
    expect(read({ id: 1 }, { userId })).toMatchObject({ userId: undefined });
    // An unhandled rejection fails the run.
    await turns(1);
  });

  it.each([
    ['that resolves', () => Promise.resolve(Date.now() * 2)],
    ['that rejects', () => Promise.reject(new Error('late'))],
  ])('K12d: refuses an expiresAt() that returns a promise %s', async (_what, later) => {
    expect(read({ id: 1 }, { expiresAt: later as never })).toBe('expiry');
    // An unhandled rejection fails the run.
    await turns(1);
  });

  it.each([
    [undefined, undefined],
    [inAnHour, inAnHour * 1_000],
    [inAnHour + 0.5, inAnHour * 1_000 + 500],
  ])('EX-04: reads exp %s as %s', (exp, expiresAt) => {
    expect(read({ id: 1 }, {}, exp)).toMatchObject({ expiresAt });
  });

  it.each([String(inAnHour), -1, 0, 1, {}, [inAnHour], true, '', 'never', false])(
    'EX-04: refuses exp %j',
    (exp) => {
      expect(read({ id: 1 }, {}, exp)).toBe(typeof exp === 'number' ? 'expired' : 'expiry');
    },
  );

  it.each([Number.NaN, Infinity, null, String(Date.now() * 2), Date.now() - 1, {}, new Date()])(
    'EX-04: refuses a user for whom expiresAt() returns %j',
    (at) => {
      const expiresAt = (() => at) as unknown as () => number;
      expect(read({ id: 1 }, { expiresAt })).toBe(Number.isFinite(at) ? 'expired' : 'expiry');
    },
  );

  it('EX-04: ends with the first end that user, info or token name', () => {
    const end = { expiresAt: inAnHour * 1_000 };
    expect(read({ exp: inAnHour + 60 }, {}, inAnHour)).toMatchObject(end);
    expect(read({ exp: inAnHour }, {}, inAnHour + 60)).toMatchObject(end);
    expect(read({}, {}, inAnHour + 60, { exp: inAnHour })).toMatchObject(end);
    expect(read({ exp: inAnHour }, {}, 1)).toBe('expired');
  });

  it.each([
    'never',
    String(inAnHour),
    '2030-01-01T00:01:00Z',
    Number.NaN,
    Infinity,
    -Infinity,
    {},
    new Date(inAnHour * 1_000),
    [inAnHour],
    true,
    BigInt(inAnHour),
  ])('EX-04: refuses a user whose own exp is %s', (exp) => {
    expect(read({ exp })).toBe('expiry');
    expect(read({ exp }, {}, inAnHour)).toBe('expiry');
    expect(read({}, {}, inAnHour, { exp })).toBe('expiry');
  });

  it('EX-04: takes null for no exp, and milliseconds for the seconds of a far future', () => {
    const end = { expiresAt: inAnHour * 1_000 };
    expect(read({ exp: null })).toMatchObject({ expiresAt: undefined });
    expect(read({ exp: null }, {}, undefined, { exp: inAnHour })).toMatchObject(end);
    expect(read({ exp: inAnHour * 1_000 })).toMatchObject({ expiresAt: inAnHour * 1_000_000 });
  });

  it('believes the application about the end', () => {
    const at = Date.now() + 1_000;
    expect(read({ until: at }, { expiresAt: endOf }, inAnHour, 'info')).toMatchObject({
      expiresAt: at,
    });
    expect(read({ id: 1 }, { expiresAt: () => undefined }, 1)).toMatchObject({
      expiresAt: undefined,
    });
  });

  it('EX-05: caps the end, also where none is named', () => {
    const options = { maxSessionAgeMs: 60_000 };
    const before = Date.now();
    for (const exp of [undefined, inAnHour]) {
      const { expiresAt = 0 } = read({ id: 1 }, options, exp) as Principal;
      expect(expiresAt).toBeGreaterThanOrEqual(before + 60_000);
      expect(expiresAt).toBeLessThanOrEqual(Date.now() + 60_000);
    }
    const soon = Math.floor(Date.now() / 1_000) + 10;
    expect(read({ id: 1 }, options, soon)).toMatchObject({ expiresAt: soon * 1_000 });
  });

  it('ST-19: reads the identity once, and throws what a getter throws', () => {
    const reads: string[] = [];
    const user = new Proxy(
      { id: 'a' },
      {
        get(target, key) {
          reads.push(String(key));
          return Reflect.get(target, key) as unknown;
        },
      },
    );
    expect(read(user)).toMatchObject({ userId: 'a' });
    expect(reads.filter((key) => key === 'id')).toHaveLength(1);
    const hostile = {
      get id(): string {
        throw new Error('hostile');
      },
    };
    expect(() => read(hostile)).toThrow('hostile');
  });
});
