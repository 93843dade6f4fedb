import { once } from 'node:events';
import { Catch, UseFilters, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { ConnectedSocket, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  fromSubprotocol,
  fromUserInfo,
  sessionOf,
  userOf,
  WsAuthError,
  WsAuthEvents,
  WsSession,
  WsUser,
  type WsAuthModuleOptions,
  type WsAuthSession,
} from '../../lib/index.js';
import { startProtected, type TestApp } from '../support/app.js';
import type { ConnectOptions, TestClient } from '../support/client.js';
import { EchoGateway } from '../support/gateways.js';
import { patient } from '../support/patience.js';
import { HttpBasicStrategy, type TestUser } from '../support/strategies.js';
import { basicHeader, bearer, tokenOf } from '../support/tokens.js';
import {
  blockEventLoop,
  minuteMs,
  restoreClocks,
  secondMs,
  useFakeClock,
  useFakeTimers,
} from '../support/clocks.js';
import {
  enter,
  serverSide,
  sessionOfUser,
  sessionsOf,
  startWithVerdicts,
  tokenFor,
} from '../support/connections.js';
import { DeferredStrategy } from '../support/deferred-strategy.js';
import { settle, turns } from '../support/turns.js';
import { sendTogether } from '../support/send-together.js';

restoreClocks();

/** The instant that all credentials of a test are relative to. */
const now = Date.UTC(2030, 0, 1);

/** A user that states when its credential was issued and ends, in seconds from now. */
function user(iat: number, exp: number, id = 'alice', claims: object = {}) {
  return { id, iat: now / secondMs + iat, exp: now / secondMs + exp, ...claims };
}

function again(client: TestClient, token: string): TestClient {
  return client.emit('authenticate', { token });
}

function startDeferred(options: WsAuthModuleOptions = {}, deferred = new DeferredStrategy()) {
  return startProtected({ strategy: 'deferred', heartbeatIntervalMs: 0, ...options }, [
    deferred.provider,
  ]);
}

/** A session of a deferred strategy that stands on that verdict. */
async function enterDeferred(app: TestApp, deferred: DeferredStrategy, verdict: unknown) {
  const client = app.connect('/', { headers: { authorization: 'Bearer first' } });
  await deferred.asked();
  deferred.decide(verdict);
  return client.opened();
}

describe('the same user with a newer credential', () => {
  it('moves the end, keeps the session and the connection (RA-01)', async () => {
    useFakeTimers();
    await using app = await startProtected({ heartbeatIntervalMs: 0 });
    const client = await enter(app, tokenFor('alice', minuteMs));
    const before = sessionOfUser(app, 'alice');
    const timers = vi.getTimerCount();
    const expiresAt = Date.now() + 10 * minuteMs;
    again(client, tokenFor('alice', 10 * minuteMs));
    expect(await client.nextEvent()).toEqual({ event: 'authenticated', data: { expiresAt } });
    const after = sessionOfUser(app, 'alice');
    expect(after).toMatchObject({ id: before.id, expiresAt, extractor: 'fromFirstMessage' });
    expect(after).not.toBe(before);
    expect(before.expiresAt).toBeLessThan(expiresAt);
    expect(app.nest.get(EchoGateway).connected).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(timers);
    vi.advanceTimersByTime(2 * minuteMs);
    expect(await client.ask('echo', 1)).toBe(1);
    vi.advanceTimersByTime(8 * minuteMs - 1);
    expect(await client.nextEvent()).toMatchObject({ event: 'expiring' });
    vi.advanceTimersByTime(1);
    expect(await client.closed()).toEqual({ code: 3000, reason: 'token expired' });
  });

  it('is warned again, and may renew again', async () => {
    useFakeTimers();
    await using app = await startProtected({ heartbeatIntervalMs: 0 });
    const client = await enter(app, tokenFor('alice', minuteMs));
    for (let round = 0; round < 3; round += 1) {
      vi.advanceTimersByTime(30 * secondMs);
      expect(await client.nextEvent()).toMatchObject({ event: 'expiring' });
      again(client, tokenFor('alice', minuteMs));
      expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
    }
    expect(sessionsOf(app).count()).toBe(1);
  });

  it('is not asked to renew without a userId', async () => {
    useFakeTimers(now);
    const verdict = { email: 'alice@example.com', exp: user(0, 60).exp };
    await using app = await startWithVerdicts({ t: verdict }, { heartbeatIntervalMs: 0 });
    const client = await enter(app, 't');
    vi.advanceTimersByTime(minuteMs - 1);
    expect(await client.ask('echo', 1)).toBe(1);
    expect(client.unread).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(await client.closed()).toEqual({ code: 3000, reason: 'token expired' });
    expect(client.unread).toEqual([]);
  });

  it('has its new session everywhere immediately', async () => {
    const verdicts = { t: { id: 'alice', name: 'old' }, u: { id: 'alice', name: 'new' } };
    await using app = await startWithVerdicts(verdicts);
    const client = await enter(app, 't');
    await again(client, 'u').next();
    const [held] = serverSide(app);
    const session = sessionOfUser(app, 'alice');
    expect(session.user).toBe(verdicts.u);
    expect(sessionOf(held!)).toBe(session);
    expect(sessionsOf(app).get(session.id)).toBe(session);
    expect(userOf(held!)).toBe(verdicts.u);
    expect(held).toHaveProperty('user', verdicts.u);
  });

  it('that never ends drops the timer', async () => {
    useFakeTimers(now);
    await using app = await startWithVerdicts(
      { t: user(0, 60), u: { id: 'alice' } },
      { heartbeatIntervalMs: 0 },
    );
    const client = await enter(app, 't');
    expect((await again(client, 'u').nextEvent()).data).toEqual({ expiresAt: null });
    vi.advanceTimersByTime(10 * minuteMs);
    expect(await client.ask('echo', 1)).toBe(1);
  });

  it('takes a deliberate reduction', async () => {
    useFakeTimers(now);
    await using app = await startWithVerdicts(
      { t: user(0, 600), u: user(1, 60) },
      { heartbeatIntervalMs: 0 },
    );
    const client = await enter(app, 't');
    const expiresAt = now + minuteMs;
    expect((await again(client, 'u').nextEvent()).data).toEqual({ expiresAt });
    vi.advanceTimersByTime(minuteMs / 2);
    expect(await client.nextEvent()).toMatchObject({ event: 'expiring' });
    vi.advanceTimersByTime(minuteMs / 2);
    expect(await client.closed()).toEqual({ code: 3000, reason: 'token expired' });
  });
});

function aliceToken(): string {
  return tokenOf('alice');
}

describe('whichever way the client came in', () => {
  const ways: [string, WsAuthModuleOptions, string, () => ConnectOptions][] = [
    ['a header', { credentials: [fromAuthorizationHeader()] }, '/', () => bearer(aliceToken())],
    [
      'a query parameter',
      { credentials: [fromQueryParam('t')] },
      `/?t=${aliceToken()}`,
      () => ({}),
    ],
    [
      'a cookie',
      { credentials: [fromCookie('t')], allowedOrigins: 'https://app.example.com' },
      '/',
      () => ({ origin: 'https://app.example.com', headers: { cookie: `t=${aliceToken()}` } }),
    ],
    [
      'a subprotocol',
      { credentials: [fromSubprotocol()] },
      '/',
      () => ({ protocols: ['chat', `bearer.${aliceToken()}`] }),
    ],
    [
      'user information',
      { credentials: [fromUserInfo()] },
      '/',
      () => ({ headers: { authorization: basicHeader(aliceToken(), 'x') } }),
    ],
  ];

  it.each(ways)(
    '%s: it renews by message, and another user is refused',
    async (_name, options, path, connect) => {
      await using app = await startProtected(options);
      const client = await app.connect(path, connect()).opened();
      expect(await again(client, tokenFor('alice', 600 * secondMs)).nextEvent()).toMatchObject({
        event: 'authenticated',
      });
      expect(sessionOfUser(app, 'alice').expiresAt).toBeGreaterThan(Date.now() + 500 * secondMs);
      expect(await client.ask('echo', 1)).toBe(1);
      again(client, tokenOf('mallory'));
      expect(await client.closed()).toEqual({ code: 3003, reason: 'other user' });
    },
  );

  it.each<[string, WsAuthModuleOptions, string]>([
    ['a query parameter', { credentials: [fromQueryParam('t', { strategy: 'jwt' })] }, '/?t='],
    [
      'the raw first message',
      { credentials: [fromFirstMessage({ format: 'raw', strategy: 'jwt' })] },
      '/',
    ],
  ])('%s with a strategy of its own: it renews by the same', async (_name, options, path) => {
    await using app = await startProtected({ ...options, strategy: [] });
    const byQuery = path.endsWith('=');
    const client = await app.connect(byQuery ? path + aliceToken() : path).opened();
    if (!byQuery) {
      client.sendRaw(aliceToken());
    }
    expect(await client.ask('echo', 1)).toBe(1);
    expect(await again(client, tokenOf('alice')).nextEvent()).toMatchObject({
      event: 'authenticated',
    });
  });

  it('user name and password: a token renews, and so does a password', async () => {
    await using app = await startProtected(
      {
        strategy: ['jwt', 'basic'],
        credentials: [fromAuthorizationHeader({ schemes: ['Basic', 'Bearer'] })],
      },
      [HttpBasicStrategy],
    );
    const authorization = basicHeader('alice', 'secret of alice');
    const client = await app.connect('/', { headers: { authorization } }).opened();
    const [session] = sessionsOf(app).ofUser('alice');
    useFakeClock(Date.now() + 2 * secondMs);
    expect(await again(client, tokenOf('alice')).nextEvent()).toMatchObject({
      event: 'authenticated',
    });
    expect(sessionOfUser(app, 'alice')).toMatchObject({ id: session!.id, strategy: 'jwt' });
  });
});

describe('another user', () => {
  it('is refused with 3003, and the session ends as it was (RA-02)', async () => {
    await using app = await startProtected();
    const client = await enter(app, tokenOf('alice'));
    const [held] = serverSide(app);
    const session = sessionOf(held!);
    again(client, tokenOf('bob'));
    client.emit('echo', 'after');
    expect(await client.closed()).toEqual({ code: 3003, reason: 'other user' });
    expect(client.unread.filter((frame) => frame.includes('authenticated'))).toEqual([]);
    expect(sessionOf(held!)).toBe(session);
    expect(held).toHaveProperty('user.id', 'alice');
    expect(sessionsOf(app).count()).toBe(0);
  });

  it.each([
    ['without a key', { name: 'alice' }, { name: 'alice' }],
    ['with an object for a key', { id: { a: 1 } }, { id: { a: 1 } }],
    ['that has lost the key', { id: 'alice' }, { name: 'alice' }],
  ])('cannot be identified %s, and is refused', async (_name, t, u) => {
    await using app = await startWithVerdicts({ t, u });
    const client = await enter(app, 't');
    await expect(again(client, 'u').next()).rejects.toThrow('closed with 3003 other user');
  });

  it('is a user of another issuer, even under the same name', async () => {
    await using app = await startProtected();
    const client = await enter(app, tokenOf('alice', { iss: 'https://a.example.com' }));
    again(client, tokenOf('alice', { iss: 'https://b.example.com' }));
    expect(await client.closed()).toEqual({ code: 3003, reason: 'other user' });
  });

  it('of another issuer is still distinguished after refresh()', async () => {
    await using app = await startProtected();
    const client = await enter(app, tokenOf('alice', { iss: 'https://a.example.com' }));
    sessionsOf(app).refresh(sessionOfUser(app, 'alice').id, { id: 'alice' });
    await client.next();
    useFakeClock(Date.now() + 2 * secondMs);
    again(client, tokenOf('alice', { iss: 'https://b.example.com' }));
    await expect(client.next()).rejects.toThrow('closed with 3003 other user');
  });

  it('is never the user of an anonymous session, which stays anonymous', async () => {
    await using app = await startProtected({
      credentials: [fromAuthorizationHeader()],
      optional: true,
    });
    const client = await app.connect().opened();
    again(client, tokenOf('alice'));
    expect(await client.closed()).toEqual({ code: 3003, reason: 'other user' });
  });
});

describe('a failed attempt', () => {
  it.each<[string, unknown, number, string]>([
    ['a bad token', { token: 'bad' }, 3000, 'credential rejected'],
    ['no token', {}, 3000, 'credential required'],
    ['an invalid token', { token: 'a b' }, 3000, 'malformed credential'],
    ['a token of another type', { token: 5 }, 3000, 'malformed credential'],
    ['a token that is too large', { token: 'a'.repeat(9_000) }, 1009, 'credential too large'],
  ])('closes the socket: %s', async (_name, data, code, reason) => {
    await using app = await startProtected();
    const client = await enter(app, tokenOf('alice'));
    client.emit('authenticate', data).emit('echo', 'after');
    expect(await client.closed()).toEqual({ code, reason });
    expect(sessionsOf(app).count()).toBe(0);
  });

  it('closes with 1011 when the strategy throws, and sends nothing more', async () => {
    const deferred = new DeferredStrategy();
    await using app = await startDeferred({}, deferred);
    const client = await enterDeferred(app, deferred, { id: 'alice' });
    again(client, 'second');
    await deferred.asked();
    deferred.decide(Promise.reject(new Error('secret')));
    expect(await client.closed()).toEqual({ code: 1011, reason: 'authentication failed' });
  });

  it('that takes too long closes with 1013, and cannot succeed later', async () => {
    useFakeTimers();
    const deferred = new DeferredStrategy();
    await using app = await startDeferred({}, deferred);
    const client = await enterDeferred(app, deferred, { id: 'alice' });
    const [held] = serverSide(app);
    again(client, 'second');
    await deferred.asked();
    vi.advanceTimersByTime(5_000);
    expect(await client.closed()).toEqual({ code: 1013, reason: 'authentication unavailable' });
    const session = sessionOf(held!);
    deferred.decide({ id: 'alice' });
    await settle();
    expect(sessionOf(held!)).toBe(session);
  });
});

describe('an older credential', () => {
  it('that finishes later changes nothing (RA-05)', async () => {
    useFakeTimers(now);
    const deferred = new DeferredStrategy();
    await using app = await startDeferred({}, deferred);
    const client = await enterDeferred(app, deferred, user(0, 60));
    again(client, 'older');
    await deferred.asked();
    const { id } = sessionOfUser(app, 'alice');
    const newer = sessionsOf(app).refresh(id, user(20, 600));
    await client.next();
    deferred.decide(user(10, 90));
    expect((await client.nextEvent()).data).toEqual({ expiresAt: now + 600 * secondMs });
    expect(sessionOfUser(app, 'alice')).toBe(newer);
    vi.advanceTimersByTime(2 * minuteMs);
    expect(await client.ask('echo', 1)).toBe(1);
  });

  it('cannot prolong a session that was shortened', async () => {
    useFakeTimers(now);
    await using app = await startWithVerdicts({ t: user(0, 600), u: user(5, 60) });
    const client = await enter(app, 't');
    await again(client, 'u').next();
    expect((await again(client, 't').nextEvent()).data).toEqual({ expiresAt: now + minuteMs });
  });

  it('that is revoked is refused, although it would change nothing', async () => {
    useFakeTimers(now);
    const old = user(0, 600, 'alice', { jti: 'old' });
    await using app = await startWithVerdicts({ t: old, u: user(5, 600) });
    const client = await enter(app, 't');
    await again(client, 'u').next();
    await sessionsOf(app).revoke({ tokenId: 'old' });
    await expect(again(client, 't').next()).rejects.toThrow('closed with 3000 revoked');
  });
});

describe('one at a time', () => {
  it('a second attempt beside the first closes with 1008', async () => {
    const deferred = new DeferredStrategy();
    await using app = await startDeferred({}, deferred);
    const client = await enterDeferred(app, deferred, { id: 'alice' });
    sendTogether(
      client,
      { event: 'authenticate', data: { token: 'a' } },
      { event: 'authenticate', data: { token: 'b' } },
    );
    expect(await client.closed()).toEqual({ code: 1008, reason: 'too many authentications' });
    expect(deferred.waiting).toBe(1);
  });

  it('a flood is limited (RA-07)', async () => {
    await using app = await startProtected({ maxReauthenticationsPerMinute: 3 });
    const client = await enter(app, tokenOf('alice'));
    for (let round = 0; round < 3; round += 1) {
      await again(client, tokenOf('alice')).next();
    }
    again(client, tokenOf('alice'));
    expect(await client.closed()).toEqual({ code: 1008, reason: 'too many authentications' });
  });

  it('a flood in one segment runs one strategy', async () => {
    const deferred = new DeferredStrategy();
    await using app = await startDeferred({}, deferred);
    const client = await enterDeferred(app, deferred, { id: 'alice' });
    const frame = { event: 'authenticate', data: { token: 'a' } };
    sendTogether(client, ...Array.from({ length: 500 }, () => frame));
    expect(await client.closed()).toMatchObject({ code: 1008 });
    expect(deferred.waiting).toBe(1);
  });
});

/** What handlers, listeners and filters of the application could see. */
const seen = vi.fn<(what: string) => void>();

@Catch()
class RecordingFilter implements ExceptionFilter {
  catch(_error: unknown, host: ArgumentsHost): void {
    seen(`filter ${JSON.stringify(host.switchToWs().getData())}`);
  }
}

@WebSocketGateway()
@UseFilters(RecordingFilter)
class CuriousGateway {
  handleConnection(client: WebSocket): void {
    client.on('message', (data) => seen(`listener ${(data as Buffer).toString()}`));
    client.addEventListener('message', ({ data }) => seen(`event listener ${data as string}`));
  }

  @SubscribeMessage('authenticate')
  authenticate(): never {
    throw new Error('a handler of the same name');
  }
}

describe('the frame that authenticates', () => {
  const spellings: [string, (token: string) => string | Buffer][] = [
    ['as usual', (token) => JSON.stringify({ event: 'authenticate', data: { token } })],
    ['with escapes', (token) => `{"event":"\\u0061uthenticate","data":{"token":"${token}"}}`],
    // Other spellings of one event are in `test/unit/protocol/event-matcher.spec.ts`.
    [
      'as a binary message',
      (token) => Buffer.from(JSON.stringify({ event: 'authenticate', data: { token } })),
    ],
  ];

  it.each(spellings)('reaches no listener %s', async (_name, spell) => {
    seen.mockClear();
    await using app = await startProtected({}, [CuriousGateway]);
    const client = await enter(app, tokenOf('alice'));
    client.sendRaw(spell(tokenOf('alice')));
    await client.barrier();
    await turns(1);
    expect(seen).not.toHaveBeenCalled();
  });

  it.each(['arraybuffer', 'fragments'] as const)(
    'is read from binary messages of the type %s, and others are left alone',
    async (binaryType) => {
      await using app = await startProtected();
      const client = await enter(app, tokenOf('alice'));
      app.nest.get(EchoGateway).connected[0]!.client.binaryType = binaryType;
      client.sendRaw(Buffer.from('no message'));
      expect(await client.ask('echo', 2)).toBe(2);
      client.sendRaw(Buffer.from('{"event":"authenticate","data":{}}'));
      expect(await client.closed()).toMatchObject({ code: 1003 });
    },
  );

  it('reaches no listener when it fails', async () => {
    seen.mockClear();
    await using app = await startProtected({}, [CuriousGateway]);
    const client = await enter(app, tokenOf('alice'));
    again(client, 'bad');
    await client.closed();
    expect(seen).not.toHaveBeenCalled();
  });

  it.each([64, 1_000, 2_500, 3_500])(
    'is refused, and reaches no listener, where it nests %d levels deep',
    async (levels) => {
      seen.mockClear();
      await using app = await startProtected({}, [CuriousGateway]);
      const client = await enter(app, tokenOf('alice'));
      const deep = '['.repeat(levels) + ']'.repeat(levels);
      client.sendRaw(`{"event":"authenticate","data":{"token":"bad","deep":${deep}}}`);
      expect(await client.closed()).toMatchObject({ code: 3000 });
      expect(seen).not.toHaveBeenCalled();
    },
  );

  it('is not every message that holds the word', async () => {
    await using app = await startProtected();
    const client = await enter(app, tokenOf('alice'));
    expect(await client.ask('echo', 'authenticate')).toBe('authenticate');
    expect(await client.ask('echo', { event: 'authenticate' })).toEqual({ event: 'authenticate' });
    client.sendRaw('authenticate').sendRaw('"authenticate"').sendRaw('["authenticate"]');
    expect(await client.ask('echo', 1)).toBe(1);
  });

  it('has the name of the options, and no other', async () => {
    seen.mockClear();
    await using app = await startProtected({ events: { authenticate: 'renew' } }, [CuriousGateway]);
    const client = await enter(app, tokenOf('alice'));
    client.emit('renew', { token: tokenOf('alice') });
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
    expect(seen).not.toHaveBeenCalled();
    client.emit('authenticate', {});
    await client.barrier();
    expect(seen).toHaveBeenCalledWith('listener {"event":"authenticate","data":{}}');
  });
});

describe('handlers in flight', () => {
  it('keep the old user and session', async () => {
    let finish!: () => void;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    let begin!: () => void;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    @WebSocketGateway()
    class SlowGateway {
      @SubscribeMessage('slow')
      async slow(
        @ConnectedSocket() client: WebSocket,
        @WsUser() caller: TestUser & { name: string },
        @WsSession() session: WsAuthSession,
      ) {
        begin();
        await finished;
        const [present, sessionUser] = [userOf<{ name: string }>(client), session.user];
        return {
          event: 'slow',
          data: [caller.name, (sessionUser as typeof caller).name, present.name],
        };
      }
    }
    const verdicts = { t: { id: 'alice', name: 'old' }, u: { id: 'alice', name: 'new' } };
    await using app = await startWithVerdicts(verdicts, {}, [SlowGateway]);
    const client = await enter(app, 't');
    client.emit('slow');
    await begun;
    await again(client, 'u').next();
    finish();
    expect((await client.nextEvent()).data).toEqual(['old', 'old', 'new']);
  });

  it('messages between the attempt and its success are of the old user', async () => {
    const deferred = new DeferredStrategy();
    await using app = await startDeferred({}, deferred);
    const client = await enterDeferred(app, deferred, { id: 'alice' });
    again(client, 'second').emit('echo', 'meanwhile');
    expect(await client.nextEvent()).toEqual({ event: 'echo', data: 'meanwhile' });
    await deferred.asked();
    deferred.decide({ id: 'alice' });
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
  });
});

/** A session in whose re-authentication the strategy waits. */
async function attempting(app: TestApp, deferred: DeferredStrategy, verdict: unknown) {
  const client = await enterDeferred(app, deferred, verdict);
  const renewed = vi.fn();
  app.nest.get(WsAuthEvents).on('reauthenticated', renewed);
  again(client, 'second');
  await deferred.asked();
  const [held] = serverSide(app);
  return { client, renewed, held: held!, session: sessionOf(held!) };
}

describe('an attempt under way', () => {
  it('does not save a session that expires meanwhile (RA-04)', async () => {
    useFakeTimers(now);
    const deferred = new DeferredStrategy();
    await using app = await startDeferred({ expiryWarningMs: 0 }, deferred);
    const { client, renewed, held, session } = await attempting(app, deferred, user(0, 2));
    vi.advanceTimersByTime(2 * secondMs);
    deferred.decide(user(1, 600));
    expect(await client.closed()).toEqual({ code: 3000, reason: 'token expired' });
    expect(renewed).not.toHaveBeenCalled();
    expect(sessionOf(held)).toBe(session);
    expect(client.unread).toEqual([]);
  });

  it('does not save a session that has expired and whose timer is late (RA-04)', async () => {
    useFakeTimers(now);
    const deferred = new DeferredStrategy();
    await using app = await startDeferred({ expiryWarningMs: 0 }, deferred);
    const { client, renewed } = await attempting(app, deferred, user(0, 2));
    vi.setSystemTime(now + 3 * secondMs);
    deferred.decide(user(1, 600));
    await expect(client.next()).rejects.toThrow('closed with 3000 token expired');
    expect(renewed).not.toHaveBeenCalled();
  });

  it.each<[string, number, (app: TestApp) => unknown]>([
    ['revoked', 3000, (app) => sessionsOf(app).revoke({ userId: 'alice' })],
    ['disconnected', 1008, (app) => sessionsOf(app).disconnect({ userId: 'alice' })],
  ])('does not save a session that is %s as it succeeds', async (how, code, end) => {
    useFakeTimers(now);
    const deferred = new DeferredStrategy();
    let succeeding: (() => void) | undefined;
    const userId = ({ id }: TestUser) => {
      succeeding?.();
      return id;
    };
    await using app = await startDeferred({ userId }, deferred);
    const { client, renewed, held, session } = await attempting(app, deferred, user(0, 60));
    const timers = vi.getTimerCount();
    succeeding = () => void end(app);
    const gone = once(held, 'close');
    deferred.decide(user(5, 600));
    expect(await client.closed()).toEqual({ code, reason: how });
    expect(client.unread).toEqual([]);
    expect(renewed).not.toHaveBeenCalled();
    expect(sessionOf(held)).toBe(session);
    await gone;
    expect(vi.getTimerCount()).toBeLessThan(timers);
  });

  it('RA-05: does not undo what the application declares meanwhile, such as fewer rights', async () => {
    const deferred = new DeferredStrategy();
    await using app = await startDeferred({}, deferred);
    const { client, held } = await attempting(app, deferred, { id: 'alice', role: 'admin' });
    const fewer = { id: 'alice', role: 'guest' };
    sessionsOf(app).refresh(sessionOf(held)!.id, fewer);
    deferred.decide({ id: 'alice', role: 'admin' });
    for (const _notice of ['of refresh()', 'of the attempt']) {
      expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
    }
    expect(sessionOf(held)!.user).toEqual(fewer);
  });

  it('does not outlive the connection', async () => {
    const deferred = new DeferredStrategy();
    await using app = await startDeferred({}, deferred);
    const { client, renewed, held, session } = await attempting(app, deferred, { id: 'alice' });
    const closed = new Promise((resolve) => held.once('close', resolve));
    client.socket.terminate();
    await closed;
    deferred.decide({ id: 'alice' });
    await settle();
    expect(renewed).not.toHaveBeenCalled();
    expect(sessionOf(held)).toBe(session);
  });

  it('ends with the application', async () => {
    const deferred = new DeferredStrategy();
    const app = await startDeferred({}, deferred);
    const { client } = await attempting(app, deferred, { id: 'alice' });
    await app[Symbol.asyncDispose]();
    expect(await client.closed()).toMatchObject({ code: expect.any(Number) });
  });
});

describe('out of band', () => {
  it('refresh() renews the session and sends the new expiry to the client', async () => {
    useFakeTimers(now);
    await using app = await startWithVerdicts({ t: user(0, 60) }, { heartbeatIntervalMs: 0 });
    const client = await enter(app, 't');
    const before = sessionOfUser(app, 'alice');
    const fresh = user(10, 600);
    const renewed = sessionsOf(app).refresh(before.id, fresh, { note: 'mfa' });
    expect(renewed).toMatchObject({
      id: before.id,
      user: fresh,
      info: { note: 'mfa' },
      expiresAt: now + 600 * secondMs,
      authenticatedAt: now,
    });
    expect(sessionOfUser(app, 'alice')).toBe(renewed);
    expect(await client.nextEvent()).toEqual({
      event: 'authenticated',
      data: { expiresAt: now + 600 * secondMs },
    });
  });

  it('refresh() with no new end keeps the end under maxSessionAgeMs, too', async () => {
    useFakeTimers(now);
    const maxSessionAgeMs = 600 * secondMs;
    await using app = await startWithVerdicts({ t: user(0, 60) }, { maxSessionAgeMs });
    await enter(app, 't');
    const { id } = sessionOfUser(app, 'alice');
    expect(sessionsOf(app).refresh(id, { id: 'alice' }).expiresAt).toBe(now + minuteMs);
  });

  it('refresh() may shorten a session', async () => {
    useFakeTimers(now);
    await using app = await startWithVerdicts({ t: user(0, 600) }, { heartbeatIntervalMs: 0 });
    const client = await enter(app, 't');
    sessionsOf(app).refresh(sessionOfUser(app, 'alice').id, user(1, 20));
    vi.advanceTimersByTime(20 * secondMs);
    expect(await client.closed()).toEqual({ code: 3000, reason: 'token expired' });
  });

  it.each<[string, unknown, string]>([
    ['another user', { id: 'bob' }, 'ERR_WS_AUTH_OTHER_USER'],
    ['a user without a key', {}, 'ERR_WS_AUTH_OTHER_USER'],
    ['null', null, 'ERR_WS_AUTH_NOT_A_USER'],
    ['a string', 'alice', 'ERR_WS_AUTH_NOT_A_USER'],
    ['an expired user', { id: 'alice', exp: 1 }, 'ERR_WS_AUTH_NOT_A_USER'],
    ['an exp that is not a number', { id: 'alice', exp: '9999999999' }, 'ERR_WS_AUTH_NOT_A_USER'],
  ])('refresh() throws for %s, and leaves the session alone', async (_name, value, code) => {
    await using app = await startWithVerdicts({ t: { id: 'alice' } });
    const client = await enter(app, 't');
    const session = sessionOfUser(app, 'alice');
    const refresh = () => sessionsOf(app).refresh(session.id, value as object);
    expect(refresh).toThrow(expect.objectContaining({ code }));
    expect(sessionOfUser(app, 'alice')).toBe(session);
    expect(await client.ask('echo', 1)).toBe(1);
  });

  it('refresh() throws for a session that is not there', async () => {
    await using app = await startProtected();
    const refresh = () => sessionsOf(app).refresh('nothing', { id: 'alice' });
    expect(refresh).toThrow(WsAuthError);
    expect(refresh).toThrow(expect.objectContaining({ code: 'ERR_WS_AUTH_NO_SESSION' }));
  });

  it('refresh() does not save a session that has expired and whose timer is late', async () => {
    useFakeTimers(now);
    await using app = await startWithVerdicts({ t: user(0, 2) });
    const client = await enter(app, 't');
    const { id } = sessionOfUser(app, 'alice');
    vi.setSystemTime(now + 3 * secondMs);
    expect(() => sessionsOf(app).refresh(id, user(3, 600))).toThrow(
      expect.objectContaining({ code: 'ERR_WS_AUTH_NO_SESSION' }),
    );
    expect(await client.closed()).toEqual({ code: 3000, reason: 'token expired' });
  });

  it('refresh() of a session whose token is revoked reports it', async () => {
    useFakeTimers(now);
    await using app = await startWithVerdicts({ t: user(0, 60, 'alice', { jti: 'one' }) });
    await enter(app, 't');
    const { id } = sessionOfUser(app, 'alice');
    await sessionsOf(app).revoke({ tokenId: 'one' }, { exceptSessionId: id });
    expect(() => sessionsOf(app).refresh(id, { id: 'alice' })).toThrow(
      expect.objectContaining({ code: 'ERR_WS_AUTH_REVOKED' }),
    );
  });
});

describe('when the event loop was blocked', () => {
  it('an attempt that arrives after the end is too late', async () => {
    await using app = await startProtected({ expiryWarningMs: 0 });
    const client = await enter(app, tokenFor('alice', patient(200)));
    again(client, tokenFor('alice', minuteMs));
    client.emit('echo', 1);
    blockEventLoop(patient(300));
    expect(await client.closed()).toEqual({ code: 3000, reason: 'token expired' });
    expect(client.unread).toEqual([]);
  });

  it('a first message and a second authentication in one segment are both carried out', async () => {
    await using app = await startProtected();
    const client = await app.connect().opened();
    sendTogether(
      client,
      { event: 'authenticate', data: { token: tokenOf('alice') } },
      { event: 'authenticate', data: { token: tokenOf('alice') } },
    );
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
    expect(app.nest.get(EchoGateway).connected).toHaveLength(1);
  });
});
