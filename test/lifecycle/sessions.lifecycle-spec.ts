import { EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';
import { PassportStrategy } from '@nestjs/passport';
import { ConnectedSocket, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BasicStrategy } from 'passport-http';
import type { WebSocket } from 'ws';
import {
  fromAuthorizationHeader,
  sessionOf,
  WsAuthError,
  WsAuthSessions,
  type RevocationTarget,
  type SessionTarget,
} from '../../lib/index.js';
import { startProtected, type TestApp } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { HttpBasicStrategy } from '../support/strategies.js';
import { basicHeader, bearer, tokenOf } from '../support/tokens.js';
import {
  dayMs,
  restoreClocks,
  secondMs,
  useFakeClock,
  useAllFakeClocks,
  useFakeTimers,
} from '../support/clocks.js';
import {
  enter,
  enterByMessage,
  fateOf,
  serverSide,
  sessionOfUser,
  sessionsOf,
  startWithVerdicts,
  tokenFor,
} from '../support/connections.js';
import { DeferredStrategy } from '../support/deferred-strategy.js';
import { sendTogether } from '../support/send-together.js';

restoreClocks();

const revoked = { code: 3000, reason: 'revoked' };
const now = Date.UTC(2030, 0, 1);

describe('the live sessions', () => {
  it('are found by user and id, counted and iterated', async () => {
    await using app = await startProtected();
    const sessions = sessionsOf(app);
    expect([sessions.count(), sessions.ofUser('alice'), [...sessions]]).toEqual([0, [], []]);
    await enter(app, tokenOf('alice'));
    await enterByMessage(app, tokenOf('bob'));
    await enterByMessage(app, tokenOf('alice'));
    const all = serverSide(app).map((client) => sessionOf(client)!);
    expect(sessions.count()).toBe(3);
    expect([...sessions]).toEqual(all);
    expect(sessions.ofUser('alice')).toEqual([all[0], all[2]]);
    expect(sessions.ofUser('alice')[0]).toBe(all[0]);
    expect(sessions.get(all[1]!.id)).toBe(all[1]);
    expect(sessions.get('nothing')).toBeUndefined();
    expect(sessions.ofUser('carol')).toEqual([]);
    expect(new Set(all.map(({ id }) => id)).size).toBe(3);
  });

  it('lead to the clients of a user, as the gateway holds them', async () => {
    await using app = await startProtected();
    const sessions = sessionsOf(app);
    await enter(app, tokenOf('alice'));
    await enterByMessage(app, tokenOf('bob'));
    const leaving = await enterByMessage(app, tokenOf('alice'));
    const [first, , third] = serverSide(app);
    expect(
      sessions.clientsOf('alice').map((client) => [first, third].indexOf(client as never)),
    ).toEqual([0, 1]);
    expect(sessions.clientsOf('carol')).toEqual([]);
    expect(sessions.clientsOf({})).toEqual([]);
    await leaving[Symbol.asyncDispose]();
    await expect.poll(() => sessions.clientsOf('alice').length).toBe(1);
  });

  it('hold no connection that is pending or refused', async () => {
    await using app = await startProtected();
    await app.connect().opened();
    await fateOf(app.connect('/', bearer('bad')));
    expect(sessionsOf(app).count()).toBe(0);
  });

  it.each<[string, (client: WebSocket) => void]>([
    ['closed', (socket) => socket.close(1000)],
    ['reset', (socket) => socket.terminate()],
  ])('forget a connection that is %s by its client', async (_how, leave) => {
    await using app = await startProtected();
    const client = await app.connectAs('alice');
    const gone = once(serverSide(app)[0]!, 'close');
    leave(client.socket);
    await gone;
    const sessions = sessionsOf(app);
    expect([sessions.count(), sessions.ofUser('alice'), [...sessions]]).toEqual([0, [], []]);
  });

  it('hold anonymous sessions, of no user', async () => {
    await using app = await startProtected({
      credentials: [fromAuthorizationHeader()],
      optional: true,
    });
    await app.connect().opened();
    expect([...sessionsOf(app)]).toMatchObject([
      { anonymous: true, user: null, userId: undefined, extractor: 'none', strategy: undefined },
    ]);
  });

  it('may be ended while they are iterated', async () => {
    await using app = await startProtected();
    const clients = [await app.connectAs('a'), await app.connectAs('b')];
    for (const { id } of sessionsOf(app)) {
      sessionsOf(app).disconnect({ sessionId: id });
    }
    expect(sessionsOf(app).count()).toBe(0);
    await Promise.all(clients.map((client) => client.closed()));
  });
});

describe('disconnect()', () => {
  it('closes one session, with 1008 "disconnected"', async () => {
    await using app = await startProtected();
    const first = await app.connectAs('alice');
    const second = await app.connectAs('alice');
    const { id } = sessionsOf(app).ofUser('alice')[0]!;
    expect(sessionsOf(app).disconnect({ sessionId: id })).toBe(1);
    expect(sessionsOf(app).get(id)).toBeUndefined();
    expect(sessionsOf(app).disconnect({ sessionId: id })).toBe(0);
    expect(await first.closed()).toEqual({ code: 1008, reason: 'disconnected' });
    expect(await second.ask('echo', 1)).toBe(1);
  });

  it('closes all sessions of a user but one, with the given code and reason', async () => {
    await using app = await startProtected();
    const clients = [];
    for (const name of ['alice', 'alice', 'alice', 'bob']) {
      clients.push(await app.connectAs(name));
    }
    const { id: exceptSessionId } = sessionsOf(app).ofUser('alice')[1]!;
    const options = { code: 4000, reason: 'maintenance', exceptSessionId };
    expect(sessionsOf(app).disconnect({ userId: 'alice' }, options)).toBe(2);
    const closing = { code: 4000, reason: 'maintenance' };
    expect(await clients[0]!.closed()).toEqual(closing);
    expect(await clients[2]!.closed()).toEqual(closing);
    expect(await clients[1]!.ask('echo', 1)).toBe(1);
    expect(await clients[3]!.ask('echo', 2)).toBe(2);
  });

  it('leaves the credential valid', async () => {
    await using app = await startProtected();
    const token = tokenOf('alice');
    const client = await enter(app, token);
    sessionsOf(app).disconnect({ userId: 'alice' });
    await client.closed();
    expect(await (await enter(app, token)).ask('echo', 1)).toBe(1);
  });

  it.each([
    ['an unassigned code', { code: 1005 }],
    ['an invalid code', { code: Number.NaN }],
    ['a text that is too long', { reason: 'x'.repeat(124) }],
    ['a text that is too long in bytes', { reason: '€'.repeat(42) }],
  ])('throws for %s, before anything is closed', async (_name, options) => {
    await using app = await startProtected();
    const client = await app.connectAs('alice');
    expect(() => sessionsOf(app).disconnect({ userId: 'alice' }, options)).toThrow(
      expect.objectContaining({ code: 'ERR_WS_AUTH_CLOSE_FRAME' }),
    );
    expect(await client.ask('echo', 1)).toBe(1);
  });

  it('takes the longest text there can be', async () => {
    await using app = await startProtected();
    const client = await app.connectAs('alice');
    const reason = '€'.repeat(41);
    sessionsOf(app).disconnect({ userId: 'alice' }, { reason });
    expect(await client.closed()).toEqual({ code: 1008, reason });
  });
});

/** Alice twice and Bob once, each with a token of a name. */
async function populate(app: TestApp) {
  const iat = Math.floor(Date.now() / secondMs) - 10;
  const tokens = {
    first: tokenOf('alice', { jti: 'first', iat }),
    second: tokenOf('alice', { jti: 'second', iat: iat + 5 }),
    bob: tokenOf('bob', { jti: 'bob', iat }),
  };
  const first = await enter(app, tokens.first);
  const second = await enterByMessage(app, tokens.second);
  const bob = await enter(app, tokens.bob);
  return { iat, tokens, first, second, bob };
}

describe('revoke()', () => {
  it('ends the sessions of a token, and the token (RV-01, RV-05)', async () => {
    await using app = await startProtected();
    const { tokens, first, second, bob } = await populate(app);
    expect(await sessionsOf(app).revoke({ tokenId: 'first' })).toBe(1);
    expect(await first.closed()).toEqual(revoked);
    expect(await second.ask('echo', 1)).toBe(1);
    expect(await bob.ask('echo', 2)).toBe(2);
    expect(await fateOf(app.connect('/', bearer(tokens.first)))).toBe('refused 401');
    const late = await app.connect().opened();
    late.emit('authenticate', { token: tokens.first });
    expect(await late.closed()).toEqual(revoked);
    expect(await (await enter(app, tokens.second)).ask('echo', 3)).toBe(3);
  });

  it('ends the sessions of a user, and all the tokens until now', async () => {
    await using app = await startProtected();
    const { tokens, first, second, bob } = await populate(app);
    expect(await sessionsOf(app).revoke({ userId: 'alice' })).toBe(2);
    expect(await first.closed()).toEqual(revoked);
    expect(await second.closed()).toEqual(revoked);
    expect(await bob.ask('echo', 2)).toBe(2);
    expect(await fateOf(app.connect('/', bearer(tokens.second)))).toBe('refused 401');
    expect(await (await enter(app, tokens.bob)).ask('echo', 3)).toBe(3);
    useFakeClock(Date.now() + 2 * secondMs);
    expect(await (await enter(app, tokenOf('alice'))).ask('echo', 4)).toBe(4);
  });

  it('of a user ends sessions whose token was issued by a clock that is ahead', async () => {
    await using app = await startProtected();
    const iat = Math.floor(Date.now() / secondMs) + 30;
    const client = await enter(app, tokenOf('alice', { iat }));
    expect(await sessionsOf(app).revoke({ userId: 'alice' })).toBe(1);
    expect(await client.closed()).toEqual(revoked);
  });

  it('ends one session, and the token it stands on', async () => {
    await using app = await startProtected();
    const { tokens, first, second, bob } = await populate(app);
    const { id } = sessionsOf(app).ofUser('alice')[1]!;
    expect(await sessionsOf(app).revoke({ sessionId: id })).toBe(1);
    expect(await second.closed()).toEqual(revoked);
    expect(await first.ask('echo', 1)).toBe(1);
    expect(await bob.ask('echo', 2)).toBe(2);
    expect(await fateOf(app.connect('/', bearer(tokens.second)))).toBe('refused 401');
    expect(await (await enter(app, tokens.first)).ask('echo', 3)).toBe(3);
  });

  it('ends one session whose token has no jti, and the token', async () => {
    await using app = await startWithVerdicts({ opaque: { id: 'alice' } });
    const client = await enter(app, 'opaque');
    await sessionsOf(app).revoke({ sessionId: sessionOfUser(app, 'alice').id });
    expect(await client.closed()).toEqual(revoked);
    expect(await fateOf(app.connect('/', bearer('opaque')))).toBe('refused 401');
  });

  it('follows a session to its renewed token', async () => {
    await using app = await startProtected();
    const client = await enter(app, tokenOf('alice', { jti: 'old' }));
    await client.emit('authenticate', { token: tokenOf('alice', { jti: 'new' }) }).next();
    expect(await sessionsOf(app).revoke({ tokenId: 'old' })).toBe(0);
    expect(await sessionsOf(app).revoke({ tokenId: 'new' })).toBe(1);
    expect(await client.closed()).toEqual(revoked);
  });

  it('ends what was issued before an instant, of one user or of all users', async () => {
    await using app = await startProtected();
    const { iat, first, second, bob } = await populate(app);
    const issuedBefore = (iat + 2) * secondMs;
    expect(await sessionsOf(app).revoke({ userId: 'alice', issuedBefore })).toBe(1);
    expect(await first.closed()).toEqual(revoked);
    expect(await sessionsOf(app).revoke({ issuedBefore })).toBe(1);
    expect(await bob.closed()).toEqual(revoked);
    expect(await second.ask('echo', 1)).toBe(1);
  });

  it('keeps the session that asks, and only that', async () => {
    await using app = await startProtected();
    const { tokens, first, second } = await populate(app);
    const { id: exceptSessionId } = sessionsOf(app).ofUser('alice')[0]!;
    const options = { exceptSessionId, reason: 'logged out elsewhere' };
    expect(await sessionsOf(app).revoke({ userId: 'alice' }, options)).toBe(1);
    expect(await second.closed()).toEqual({ code: 3000, reason: 'logged out elsewhere' });
    expect(await first.ask('echo', 1)).toBe(1);
    expect(await fateOf(app.connect('/', bearer(tokens.first)))).toBe('refused 401');
  });

  it('uses the close code of the options', async () => {
    await using app = await startProtected({ closeCodes: { unauthorized: 1011 } });
    const client = await enter(app, tokenOf('alice'));
    await sessionsOf(app).revoke({ userId: 'alice' });
    expect(await client.closed()).toEqual({ code: 1011, reason: 'revoked' });
  });

  it('has ended the sessions before its promise settles', async () => {
    await using app = await startProtected();
    const client = await enter(app, tokenOf('alice'));
    const [held] = serverSide(app);
    const done = sessionsOf(app).revoke({ userId: 'alice' });
    expect(sessionsOf(app).count()).toBe(0);
    held!.send('secret');
    await done;
    expect(await client.closed()).toEqual(revoked);
    expect(client.unread).toEqual([]);
  });

  it('rejects a text that no close frame carries, and changes nothing', async () => {
    await using app = await startProtected();
    const token = tokenOf('alice');
    const client = await enter(app, token);
    await expect(
      (async () => sessionsOf(app).revoke({ userId: 'alice' }, { reason: 'x'.repeat(124) }))(),
    ).rejects.toMatchObject({ code: 'ERR_WS_AUTH_CLOSE_FRAME' });
    expect(await client.ask('echo', 1)).toBe(1);
    expect(await (await enter(app, token)).ask('echo', 2)).toBe(2);
  });
});

describe('the instant of a revocation (RV-06)', () => {
  const seconds = now / secondMs;

  it.each([
    ['a second before', seconds - 1, 'refused 401'],
    ['in that second', seconds, 'refused 401'],
    ['a second after', seconds + 1, 'accepted'],
  ])('a token issued %s', async (_name, iat, fate) => {
    useFakeClock(now);
    await using app = await startProtected();
    await sessionsOf(app).revoke({ userId: 'alice', issuedBefore: now });
    expect(await attempt(app, tokenOf('alice', { iat }))).toBe(fate);
    expect(await attempt(app, tokenOf('bob', { iat }))).toBe('accepted');
  });

  it('a token issued in the second of a revocation in the middle of it is refused', async () => {
    useFakeClock(now);
    vi.setSystemTime(now + 500);
    await using app = await startProtected();
    await sessionsOf(app).revoke({ userId: 'alice' });
    vi.setSystemTime(now + 999);
    expect(await attempt(app, tokenOf('alice'))).toBe('refused 401');
    vi.setSystemTime(now + 1_000);
    expect(await attempt(app, tokenOf('alice'))).toBe('accepted');
  });

  it('a token without a time of issue is refused', async () => {
    useFakeClock(now);
    const verdicts = { old: { id: 'alice' }, fresh: { id: 'alice', iat: seconds + 1 } };
    await using app = await startWithVerdicts(verdicts);
    await sessionsOf(app).revoke({ userId: 'alice', issuedBefore: now });
    expect(await attempt(app, 'old')).toBe('refused 401');
    expect(await attempt(app, 'fresh')).toBe('accepted');
  });

  it('a password counts as issued when it is presented', async () => {
    useFakeClock(now);
    await using app = await startProtected(
      { strategy: 'basic', credentials: [fromAuthorizationHeader()] },
      [HttpBasicStrategy],
    );
    const connect = () =>
      app.connect('/', { headers: { authorization: basicHeader('alice', 'secret of alice') } });
    const client = await connect().opened();
    await sessionsOf(app).revoke({ userId: 'alice' });
    expect(await client.closed()).toEqual(revoked);
    vi.setSystemTime(now + 1);
    expect(await (await connect().opened()).ask('echo', 1)).toBe(1);
  });

  it('an anonymous client has no credential that could be revoked', async () => {
    useFakeClock(now);
    await using app = await startProtected({
      credentials: [fromAuthorizationHeader()],
      optional: true,
    });
    await sessionsOf(app).revoke({ issuedBefore: now });
    vi.setSystemTime(now + secondMs);
    const client = await app.connect().opened();
    expect(await client.ask('echo', 1)).toBe(1);
  });
});

describe('an unverified claim', () => {
  it('does not save a session from a revocation', async () => {
    useFakeClock(now);
    const payload = JSON.stringify({ iat: now / secondMs + 1_000_000 });
    const forged = `e30.${Buffer.from(payload).toString('base64url')}.AA`;
    await using app = await startWithVerdicts({ [forged]: { id: 'alice' } });
    const client = await enter(app, forged);
    await sessionsOf(app).revoke({ userId: 'alice', issuedBefore: now });
    expect(await client.closed()).toEqual(revoked);
  });
});

describe('how long a revocation is remembered', () => {
  it('a day, by default', async () => {
    useFakeTimers(now);
    await using app = await startProtected({ heartbeatIntervalMs: 0 });
    const token = tokenFor('alice', 10 * dayMs, { jti: 'one' });
    await sessionsOf(app).revoke({ tokenId: 'one' });
    vi.setSystemTime(now + dayMs - 1);
    await sessionsOf(app).revoke({ tokenId: 'sweeps' });
    expect(await attempt(app, token)).toBe('refused 401');
  });

  it('rememberMs, and no longer', async () => {
    useAllFakeClocks(now);
    await using app = await startProtected({ heartbeatIntervalMs: 0 });
    const token = tokenFor('alice', 10 * dayMs, { jti: 'one' });
    await sessionsOf(app).revoke({ tokenId: 'one' }, { rememberMs: 5 * secondMs });
    vi.advanceTimersByTime(5 * secondMs + 1);
    expect(await attempt(app, token)).toBe('accepted');
  });
});

describe('a revocation that makes no sense (RV-08)', () => {
  const senseless: unknown[] = [
    {},
    null,
    'alice',
    { everyone: true },
    { user: 'alice' },
    { userid: 'alice' },
    { userId: undefined },
    { userId: '' },
    { sessionId: null },
    { sessionId: '' },
    { tokenId: 5 },
    { issuedBefore: Number.NaN },
    { issuedBefore: Number.POSITIVE_INFINITY },
    { issuedBefore: '2030-01-01' },
    { issuedBefore: undefined },
    { userId: 'alice', issuedBefore: Number.NaN },
    { userId: 'alice', issuedBefore: 'tomorrow' },
    { userId: 'alice', isuedBefore: 1 },
    { userId: 'alice', exceptSessionId: 'x' },
    { sessionId: 'x', issuedBefore: 1 },
    { tokenId: 'x', issuedBefore: 1 },
  ];

  it('K11a, K11b: is refused, disconnects no client, and spoils no later one', async () => {
    await using app = await startProtected();
    const sessions = sessionsOf(app);
    const token = tokenOf('alice');
    const client = await enter(app, token);
    for (const target of senseless) {
      const revoking = (async () => sessions.revoke(target as RevocationTarget))();
      await expect(revoking, JSON.stringify(target)).rejects.toBeInstanceOf(WsAuthError);
    }
    for (const target of [...senseless, { tokenId: 'one' }, { userId: 'alice', issuedBefore: 1 }]) {
      const disconnect = () => sessions.disconnect(target as SessionTarget);
      expect(disconnect, JSON.stringify(target)).toThrow(WsAuthError);
    }
    expect(await client.ask('echo', 1)).toBe(1);
    expect(await attempt(app, tokenOf('bob'))).toBe('accepted');
    expect(await sessions.revoke({ userId: 'alice' })).toBe(1);
    expect(await client.closed()).toEqual(revoked);
    expect(await attempt(app, token)).toBe('refused 401');
  });

  it.each([
    ['a name of Object.prototype', '__proto__'],
    ['a long text', 'x'.repeat(100_000)],
  ])('of %s concerns no other session', async (_name, id) => {
    await using app = await startProtected();
    const client = await app.connectAs('alice');
    for (const target of [{ userId: id }, { sessionId: id }, { tokenId: id }]) {
      expect(await sessionsOf(app).revoke(target)).toBe(0);
    }
    expect(await client.ask('echo', 1)).toBe(1);
  });
});

async function nextMillisecond(): Promise<void> {
  const start = Date.now();
  await vi.waitUntil(() => Date.now() > start, { interval: 1 });
}

describe('a revocation that lands between verification and registration (RV-02)', () => {
  const token = tokenOf('alice', { jti: 'one' });
  const verdict = { id: 'alice', jti: 'one', iat: 1 };

  it.each<[string, RevocationTarget]>([
    ['of the user', { userId: 'alice' }],
    ['of the token', { tokenId: 'one' }],
    ['of all users', { issuedBefore: 5_000 }],
  ])('%s still refuses the upgrade', async (_name, target) => {
    const deferred = new DeferredStrategy();
    await using app = await startProtected({ strategy: 'deferred' }, [deferred.provider]);
    const client = app.connect('/', bearer(token));
    await deferred.asked();
    await sessionsOf(app).revoke(target);
    deferred.decide(verdict);
    expect(await fateOf(client)).toMatch(/^(refused 401|closed 3000 revoked)$/);
    expect(sessionsOf(app).count()).toBe(0);
    expect(app.nest.get(EchoGateway).connected).toEqual([]);
  });

  const ahead = tokenOf('alice', { iat: Math.floor(Date.now() / 1_000) + 600 });
  it.each<[string, string, object, RevocationTarget]>([
    ['K4a: a token of an issuer ahead, by user', ahead, { id: 'alice' }, { userId: 'alice' }],
    ['K4a: and of all users', ahead, { id: 'alice' }, { issuedBefore: Date.now() + 300_000 }],
    ['K4a: an opaque token with a time', 'opaque', { id: 'alice', iat: 1e10 }, { userId: 'alice' }],
  ])('still refuses %s, and the same token afterwards', async (_what, sent, user, target) => {
    const deferred = new DeferredStrategy();
    await using app = await startProtected({ strategy: 'deferred' }, [deferred.provider]);
    for (const revokes of [true, false]) {
      const client = app.connect('/', bearer(sent));
      await deferred.asked();
      if (revokes) {
        await nextMillisecond();
        await sessionsOf(app).revoke(target);
      }
      deferred.decide(user);
      expect(await fateOf(client)).toMatch(/^(refused 401|closed 3000 revoked)$/);
    }
  });

  it('K4a: still refuses a password that was presented before, and not one that is presented after', async () => {
    const checks = new EventEmitter();
    class SlowBasicStrategy extends PassportStrategy(BasicStrategy, 'slow') {
      async validate(id: string): Promise<object> {
        checks.emit('begun');
        await once(checks, 'end');
        return { id };
      }
    }
    await using app = await startProtected({ strategy: 'slow' }, [SlowBasicStrategy]);
    const enterSlowly = async (meanwhile: () => unknown) => {
      const begun = once(checks, 'begun');
      const client = app.connect('/', { headers: { authorization: basicHeader('alice', 'old') } });
      await begun;
      await meanwhile();
      checks.emit('end');
      return client;
    };
    const before = await enterSlowly(async () => {
      await sessionsOf(app).revoke({ userId: 'alice' });
      await nextMillisecond();
    });
    expect(await fateOf(before)).toMatch(/^(refused 401|closed 3000 revoked)$/);
    const after = await enterSlowly(() => undefined);
    await after.opened();
    expect(await after.ask('echo', 1)).toBe(1);
  });

  it('still refuses the first message', async () => {
    const deferred = new DeferredStrategy();
    await using app = await startProtected({ strategy: 'deferred' }, [deferred.provider]);
    const client = await app.connect().opened();
    client.emit('authenticate', { token }).emit('echo', 1);
    await deferred.asked();
    await sessionsOf(app).revoke({ tokenId: 'one' });
    deferred.decide(verdict);
    expect(await client.closed()).toEqual(revoked);
    expect(client.unread).toEqual([]);
    expect(app.nest.get(EchoGateway).connected).toEqual([]);
  });

  it('still refuses when it lands after the strategy has succeeded', async () => {
    let app: TestApp | undefined;
    const userId = ({ id }: { readonly id: string }) => {
      void app?.nest.get(WsAuthSessions).revoke({ tokenId: 'one' });
      return id;
    };
    await using started = await startProtected({ userId });
    app = started;
    expect(await fateOf(started.connect('/', bearer(token)))).toMatch(/401|closed 3000 revoked/);
    expect(started.nest.get(EchoGateway).connected).toEqual([]);
  });

  it('still refuses a re-authentication', async () => {
    const deferred = new DeferredStrategy();
    await using app = await startProtected({ strategy: 'deferred' }, [deferred.provider]);
    const client = app.connect('/', bearer('first'));
    await deferred.asked();
    deferred.decide({ id: 'alice', jti: 'zero', iat: 1 });
    await client.opened();
    client.emit('authenticate', { token });
    await deferred.asked();
    await sessionsOf(app).revoke({ tokenId: 'one' });
    deferred.decide(verdict);
    expect(await client.closed()).toEqual(revoked);
  });
});

/** A gateway whose handler ends its own session. */
@WebSocketGateway()
class SuicidalGateway {
  constructor(private readonly sessions: WsAuthSessions) {}

  @SubscribeMessage('revoke me')
  revokeMe(@ConnectedSocket() client: WebSocket) {
    void this.sessions.revoke({ sessionId: sessionOf(client)!.id });
    return { event: 'revoked', data: 'must not arrive' };
  }

  handleConnection(client: WebSocket): void {
    client.on('message', (data: Buffer) => {
      if (data.toString() === 'now') {
        void this.sessions.revoke({ sessionId: sessionOf(client)!.id });
      }
    });
  }
}

describe('messages that are there already when a session is revoked (RV-03)', () => {
  it('are not dispatched, in the same segment', async () => {
    await using app = await startProtected({}, [SuicidalGateway]);
    const client = await app.connectAs('alice');
    const echo = vi.spyOn(app.nest.get(EchoGateway), 'echo');
    sendTogether(client, 'now', { event: 'echo', data: 2 }, { event: 'echo', data: 3 });
    expect(await client.closed()).toEqual(revoked);
    expect(echo).not.toHaveBeenCalled();
    expect(client.unread).toEqual([]);
  });

  it('are not dispatched, while the close frame is not answered', async () => {
    await using app = await startProtected({}, [SuicidalGateway]);
    const client = await app.connectAs('alice');
    client.emit('revoke me');
    const echo = vi.spyOn(app.nest.get(EchoGateway), 'echo');
    for (let index = 0; index < 100; index += 1) {
      client.emit('echo', index);
    }
    expect(await client.closed()).toEqual(revoked);
    expect(client.unread.filter((frame) => frame.includes('must not'))).toEqual([]);
    expect(echo.mock.calls.length).toBeLessThan(100);
  });

  it('are not dispatched, when they waited for the first message', async () => {
    await using app = await startProtected();
    const gateway = app.nest.get(EchoGateway);
    vi.spyOn(gateway.connected, 'push').mockImplementation(() => {
      void sessionsOf(app).revoke({ userId: 'alice' });
      return 1;
    });
    const echo = vi.spyOn(gateway, 'echo');
    const client = await app.connect().opened();
    sendTogether(
      client,
      { event: 'authenticate', data: { token: tokenOf('alice') } },
      { event: 'echo', data: 1 },
      { event: 'echo', data: 2 },
    );
    expect(await client.closed()).toEqual(revoked);
    expect(echo).not.toHaveBeenCalled();
  });
});

/** Listens to what would end the process. */
function watchProcess() {
  const uncaught = vi.fn();
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', uncaught);
  return uncaught;
}

describe('a peer whose credential is revoked', () => {
  const listeners = process.rawListeners('uncaughtException');

  afterEach(() => {
    process.removeAllListeners('uncaughtException');
    listeners.forEach((listener) => process.on('uncaughtException', listener as () => void));
  });

  it('cannot end the process with a broken frame after the upgrade', async () => {
    await using app = await startProtected();
    const token = tokenOf('alice', { jti: 'one' });
    await sessionsOf(app).revoke({ tokenId: 'one' });
    const uncaught = watchProcess();
    const client = app.connect('/', bearer(token));
    client.socket.once('upgrade', ({ socket }) => breakProtocol(socket));
    await fateOf(client);
    await (await enter(app, tokenOf('bob'))).barrier();
    expect(uncaught).not.toHaveBeenCalled();
  });

  it('cannot end the process with a broken frame after its first message', async () => {
    const deferred = new DeferredStrategy();
    await using app = await startProtected({ strategy: 'deferred' }, [deferred.provider]);
    const uncaught = watchProcess();
    const client = await app.connect().opened();
    client.emit('authenticate', { token: 'one' });
    await deferred.asked();
    breakProtocol((client.socket as unknown as { readonly _socket: Socket })._socket);
    await sessionsOf(app).revoke({ userId: 'alice' });
    deferred.decide({ id: 'alice' });
    await client.closed();
    expect(uncaught).not.toHaveBeenCalled();
  });
});

/** Writes a frame with reserved bits, which `ws` reports as an error of the socket. */
function breakProtocol(socket: Socket): void {
  socket.write(Buffer.from([0xf1, 0x80, 0, 0, 0, 0]));
}

/** What becomes of a connection that stays if it is let in. */
async function attempt(app: TestApp, token: string): Promise<string> {
  const client = app.connect('/', bearer(token));
  return Promise.race([
    client
      .opened()
      .then(() => client.ask('echo', 1))
      .then(() => 'accepted')
      .catch((error: Error) => error.message.replace(/ with | to /, ' ').replace(/:.*$/, '')),
    fateOf(client),
  ]);
}
