import type { LoggerService } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  fromAuthorizationHeader,
  MemoryWsAuthStore,
  WsAuthSessions,
  type WsAuthModuleOptions,
} from '../../lib/index.js';
import { startProtected, type TestApp } from '../support/app.js';
import type { TestClient } from '../support/client.js';
import { bearerOf, customStrategy } from '../support/strategies.js';
import { bearer } from '../support/tokens.js';

const hex = '507f1f77bcf86cd799439011';

/** As `bson` has it. */
class ObjectId {
  toHexString(): string {
    return hex;
  }

  toString(): string {
    return hex;
  }
}

/** An application whose strategies return what the token names in `users`. */
interface Shaped {
  readonly app: TestApp;
  readonly sessions: WsAuthSessions;
  readonly warnings: readonly string[];
  knock(token: string): TestClient;
  status(token: string): Promise<number>;
}

const ignore = () => undefined;
const strategies = ['one', 'two'];

async function startShaped(
  users: Readonly<Record<string, object>>,
  options: WsAuthModuleOptions = {},
): Promise<Shaped & AsyncDisposable> {
  const lines: string[] = [];
  const logger: LoggerService = {
    log: ignore,
    error: ignore,
    warn: (line: string) => void lines.push(line),
  };
  const providers = strategies.map((name) =>
    customStrategy(name, (request) => {
      const [by, token = ''] = bearerOf(request)?.split('.') ?? [];
      return by === name && (users[token] ?? false);
    }),
  );
  const app = await startProtected({ strategy: strategies, ...options }, providers, { logger });
  const knock = (token: string) => app.connect('/', bearer(token));
  return {
    app,
    sessions: app.nest.get(WsAuthSessions),
    get warnings() {
      return lines.filter((line) => line.startsWith('userId: '));
    },
    knock,
    status: async (token) => {
      const refused = knock(token);
      return Promise.race([
        refused.refusal().then(({ status }) => status),
        refused.opened().then(() => 101),
      ]).catch(() => 0);
    },
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}

function keyByStrategy({ id, username }: { id?: string; username?: string }): string {
  return id === undefined ? `local:${username}` : `oauth:${id}`;
}

// Each shape of a key is a row of `test/unit/policy/user-key.spec.ts`.
const shapes: readonly [what: string, user: object, key: unknown, text: string][] = [
  ['a lean Mongo document with a name', { _id: new ObjectId(), username: 'a' }, hex, hex],
  ['a bigint of Prisma', { id: 42n }, 42n, '42'],
];

const scopes: readonly [string, () => WsAuthModuleOptions][] = [
  ['on this node', () => ({})],
  ['on all nodes', () => ({ sessionLimitScope: 'cluster', store: new MemoryWsAuthStore() })],
];

describe.each(scopes)('limits %s', (_name, scope) => {
  const limited = () => ({
    credentials: [fromAuthorizationHeader()],
    maxSessionsPerUser: 1,
    ...scope(),
  });

  it.each(shapes)(
    'K2a: count, find and revoke a user that is %s',
    async (_what, user, key, text) => {
      await using shaped = await startShaped({ a: user }, limited());
      const client = await shaped.knock('one.a').opened();
      expect(await shaped.status('one.a')).toBe(429);
      const { sessions } = shaped;
      expect(sessions.ofUser(key as string).map(({ userId }) => userId)).toEqual([text]);
      expect(sessions.ofUser(text)).toHaveLength(1);
      expect(await sessions.revoke({ userId: key as string })).toBe(1);
      expect((await client.closed()).code).toBe(3000);
      expect(await shaped.status('one.a')).toBe(401);
      expect(shaped.warnings).toEqual([]);
    },
  );

  it.each(shapes)(
    'K2a: take the key of the option userId from %s',
    async (_what, user, key, text) => {
      const userId = () => key as string;
      await using shaped = await startShaped({ a: { other: user } }, { ...limited(), userId });
      await shaped.knock('one.a').opened();
      expect(await shaped.status('one.a')).toBe(429);
      expect(shaped.sessions.ofUser(text)).toHaveLength(1);
    },
  );

  it.each<[string, object]>([
    ['no field', { email: 'a@b' }],
    ['a plain object as id', { id: { $oid: hex } }],
  ])('K2b: refuse a user with %s by 403, with one warning', async (_what, user) => {
    await using shaped = await startShaped({ a: user, b: { id: 'bob' } }, limited());
    expect([await shaped.status('one.a'), await shaped.status('two.a')]).toEqual([403, 403]);
    expect(await shaped.status('one.b')).toBe(101);
    expect(shaped.warnings).toHaveLength(1);
    expect(shaped.warnings[0]).toContain('is refused, because maxSessionsPerUser is set');
  });
});

it('K2b: refuses a user without a key after a first message by 3003, where sessions are counted', async () => {
  await using shaped = await startShaped({ a: { email: 'a@b' } }, { maxSessionsPerUser: 3 });
  const client = await shaped.app.connect('/').opened();
  client.emit('authenticate', { token: 'one.a' });
  expect(await client.closed()).toMatchObject({ code: 3003, reason: 'not permitted' });
  expect(shaped.warnings).toHaveLength(1);
});

it('K2b: accepts guests where sessions are counted: they are not users without a key', async () => {
  const credentials = [fromAuthorizationHeader()];
  const options = { maxSessionsPerUser: 1, optional: true, credentials };
  await using shaped = await startShaped({}, options);
  const guests = await Promise.all([1, 2].map(() => shaped.app.connect('/').opened()));
  expect(await Promise.all(guests.map((guest) => guest.ask('whoami')))).toHaveLength(2);
  expect(shaped.warnings).toEqual([]);
});

it('K2b: lets a user without a key in where nothing counts it, and warns once of what does not work', async () => {
  await using shaped = await startShaped({ a: { email: 'a@b' } });
  const client = await shaped.knock('one.a').opened();
  await shaped.knock('one.a').opened();
  expect(shaped.warnings).toHaveLength(1);
  for (const name of ['limited', 'renewed', 'ofUser()', 'revoked', 'the option userId']) {
    expect(shaped.warnings[0]).toContain(name);
  }
  client.emit('authenticate', { token: 'one.a' });
  expect(await client.closed()).toMatchObject({ code: 3003, reason: 'other user' });
});

it('K2a: renews the session of a user whose key is an object', async () => {
  await using shaped = await startShaped({ a: { _id: new ObjectId() } });
  const client = await shaped.knock('one.a').opened();
  client.emit('authenticate', { token: 'one.a' });
  expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
});

it('K10c: takes equal values of different fields for one user, as revoke({ userId }) does, and warns once', async () => {
  await using shaped = await startShaped({
    a: { id: '42' },
    b: { username: '42' },
    c: { sub: '43' },
  });
  const opened = ['one.a', 'two.b', 'two.b', 'one.c'].map((token) => shaped.knock(token).opened());
  await Promise.all(opened);
  expect(shaped.warnings).toHaveLength(1);
  expect(shaped.warnings[0]).toMatch(/^userId: keys of users come from different fields, /);
  expect(shaped.sessions.ofUser(42)).toHaveLength(3);
  expect(await shaped.sessions.revoke({ userId: '42' })).toBe(3);
});

it('K10c: distinguishes users of two strategies by the option userId', async () => {
  const users = { a: { id: '42' }, b: { username: '42' } };
  await using shaped = await startShaped(users, { userId: keyByStrategy });
  await shaped.knock('one.a').opened();
  await shaped.knock('two.b').opened();
  expect(shaped.warnings).toEqual([]);
  expect(await shaped.sessions.revoke({ userId: 'local:42' })).toBe(1);
});
