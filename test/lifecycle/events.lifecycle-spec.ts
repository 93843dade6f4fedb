import { once } from 'node:events';
import { Logger } from '@nestjs/common';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  fromAuthorizationHeader,
  fromQueryParam,
  sessionOf,
  WsAuthEvents,
} from '../../lib/index.js';
import { startProtected } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { bearer, tokenOf } from '../support/tokens.js';
import { minuteMs, restoreClocks, secondMs, useFakeTimers } from '../support/clocks.js';
import {
  enter,
  enterByMessage,
  fateOf,
  serverSide,
  sessionOfUser,
  sessionsOf,
  tokenFor,
} from '../support/connections.js';
import { eventNames, recordEvents } from '../support/events.js';

restoreClocks();

afterEach(() => {
  vi.restoreAllMocks();
});

const from = { path: '/', address: '127.0.0.1' };

describe('a listener', () => {
  it.each<[unknown, unknown, string]>([
    ['reveked', () => undefined, 'there is no event "reveked"; did you mean revoked?'],
    ['Authenticated', () => undefined, 'did you mean authenticated?'],
    ['zzz', () => undefined, 'known are authenticating, '],
    [undefined, () => undefined, 'there is no event "undefined"'],
    ['revoked', undefined, 'the listener of "revoked": expected a function'],
  ])('K11a: of the event %j that would never run is refused', (name, listener, message) => {
    const events = new WsAuthEvents();
    expect(() => events.on(name as 'revoked', listener as never)).toThrow(message);
    expect(events.has(name as 'revoked')).toBe(false);
  });
});

describe('each event is emitted once', () => {
  it('of a connection on the upgrade, and its end', async () => {
    await using app = await startProtected();
    const told = recordEvents(app);
    const client = await enter(app, tokenOf('alice'));
    const { id: sessionId } = sessionOfUser(app, 'alice');
    const gone = once(serverSide(app)[0]!, 'close');
    client.socket.close(1000);
    await gone;
    expect(told).toEqual([
      ['authenticating', from],
      [
        'authenticated',
        {
          ...from,
          sessionId,
          userId: 'alice',
          strategy: 'jwt',
          extractor: 'fromAuthorizationHeader',
          durationMs: expect.any(Number),
        },
      ],
      ['disconnected', { sessionId, userId: 'alice', code: 1000 }],
    ]);
  });

  it('of a connection by first message, and its reset', async () => {
    await using app = await startProtected();
    const told = recordEvents(app);
    const client = await enterByMessage(app, tokenOf('alice'));
    const { id: sessionId } = sessionOfUser(app, 'alice');
    const gone = once(serverSide(app)[0]!, 'close');
    client.socket.terminate();
    await gone;
    expect(told).toMatchObject([
      ['authenticating', from],
      ['authenticated', { ...from, sessionId, extractor: 'fromFirstMessage' }],
      ['disconnected', { sessionId, code: 1006 }],
    ]);
  });

  it('of an anonymous connection', async () => {
    await using app = await startProtected({
      credentials: [fromAuthorizationHeader()],
      optional: true,
    });
    const told = recordEvents(app);
    await app.connect().opened();
    expect(told).toMatchObject([
      ['authenticating', from],
      ['authenticated', { userId: undefined, strategy: undefined, extractor: 'none' }],
    ]);
  });

  it('of refusals, with code and phase', async () => {
    await using app = await startProtected();
    const told = recordEvents(app);
    await fateOf(app.connect('/', bearer('bad')));
    const client = await app.connect().opened();
    await fateOf(client.emit('authenticate', { token: 'bad' }));
    await fateOf(app.connect('/nowhere'));
    const code = 'ERR_WS_AUTH_CREDENTIAL_REJECTED';
    const strategies = [{ strategy: 'jwt', answer: 'JsonWebTokenError', fault: 'no-jwt' }];
    const byHeader = { extractor: 'fromAuthorizationHeader', strategies };
    const byMessage = { extractor: 'fromFirstMessage', strategies, fields: ['token'] };
    expect(told).toEqual([
      ['authenticating', from],
      ['refused', { ...from, code, phase: 'handshake', diagnosis: byHeader }],
      ['authenticating', from],
      ['refused', { ...from, code, phase: 'message', diagnosis: byMessage }],
      [
        'refused',
        {
          path: '/nowhere',
          address: '127.0.0.1',
          code: 'ERR_WS_AUTH_UNKNOWN_PATH',
          phase: 'handshake',
          diagnosis: { check: 'path', paths: ['/'] },
        },
      ],
    ]);
  });

  it('of a refused credential that is revoked, and of no session', async () => {
    await using app = await startProtected();
    await sessionsOf(app).revoke({ tokenId: 'one' });
    const told = recordEvents(app);
    await fateOf(app.connect('/', bearer(tokenOf('alice', { jti: 'one' }))));
    expect(told).toMatchObject([
      ['authenticating', from],
      ['refused', { ...from, code: 'ERR_WS_AUTH_REVOKED', phase: 'handshake' }],
    ]);
  });

  it('of a renewal, the warning and the end', async () => {
    useFakeTimers();
    await using app = await startProtected({ heartbeatIntervalMs: 0 });
    const client = await enter(app, tokenFor('alice', minuteMs));
    const told = recordEvents(app);
    const { id: sessionId } = sessionOfUser(app, 'alice');
    const expiresAt = Date.now() + 2 * minuteMs;
    await client.emit('authenticate', { token: tokenFor('alice', 2 * minuteMs) }).next();
    vi.advanceTimersByTime(90 * secondMs);
    await client.next();
    const gone = once(serverSide(app)[0]!, 'close');
    vi.advanceTimersByTime(30 * secondMs);
    await gone;
    const session = { sessionId, userId: 'alice' };
    expect(told).toEqual([
      ['reauthenticated', { ...session, expiresAt }],
      ['expiring', { ...session, expiresAt }],
      ['expired', session],
      ['disconnected', { ...session, code: 3000 }],
    ]);
  });

  it('of a renewal that fails', async () => {
    await using app = await startProtected();
    const client = await enter(app, tokenOf('alice'));
    const told = recordEvents(app);
    const { id: sessionId } = sessionOfUser(app, 'alice');
    const gone = once(serverSide(app)[0]!, 'close');
    client.emit('authenticate', { token: tokenOf('bob') });
    await gone;
    expect(told).toEqual([
      [
        'refused',
        {
          ...from,
          code: 'ERR_WS_AUTH_OTHER_USER',
          phase: 'message',
          diagnosis: { check: 'other-user' },
        },
      ],
      ['disconnected', { sessionId, userId: 'alice', code: 3003 }],
    ]);
  });

  it('of a revocation, before it returns', async () => {
    await using app = await startProtected();
    await enter(app, tokenOf('alice'));
    const told = recordEvents(app);
    const { id: sessionId } = sessionOfUser(app, 'alice');
    const gone = once(serverSide(app)[0]!, 'close');
    const done = sessionsOf(app).revoke({ userId: 'alice' });
    expect(told).toEqual([['revoked', { sessionId, userId: 'alice' }]]);
    await done;
    await sessionsOf(app).revoke({ userId: 'alice' });
    await gone;
    expect(told.slice(1)).toEqual([['disconnected', { sessionId, userId: 'alice', code: 3000 }]]);
  });

  it('of a disconnection and of a shutdown', async () => {
    const app = await startProtected();
    await app.connectAs('alice');
    await app.connectAs('bob');
    const told = recordEvents(app);
    const gone = once(serverSide(app)[0]!, 'close');
    sessionsOf(app).disconnect({ userId: 'alice' }, { code: 4001 });
    await gone;
    await app.nest.close();
    await app[Symbol.asyncDispose]();
    expect(told).toMatchObject([
      ['disconnected', { userId: 'alice', code: 4001 }],
      ['disconnected', { userId: 'bob', code: 1001 }],
    ]);
  });
});

describe('the payload of an event', () => {
  it('holds no credential', async () => {
    await using app = await startProtected({
      credentials: [fromAuthorizationHeader(), fromQueryParam('t')],
    });
    const told = recordEvents(app);
    const [good, bad] = [tokenOf('alice'), tokenOf('alice').replace(/.$/, '-')];
    await app.connect(`/?t=${good}`).opened();
    await fateOf(app.connect(`/?t=${bad}`));
    await fateOf(app.connect('/', bearer(`${bad}x`)));
    await fateOf(app.connect(`/${bad}`));
    const text = JSON.stringify(
      told.filter(([, payload]) => !('path' in payload && payload.path !== '/')),
    );
    const signature = good.split('.')[2]!.slice(0, 20);
    expect(text).not.toContain(signature);
    expect(told.length).toBeGreaterThan(5);
  });
});

describe('a listener', () => {
  it('runs synchronously, in the order of registration, until it is removed', async () => {
    await using app = await startProtected();
    const events = app.nest.get(WsAuthEvents);
    const order: string[] = [];
    const off = events.on('authenticated', () => order.push('first'));
    events.on('authenticated', ({ sessionId }) => {
      order.push(sessionsOf(app).get(sessionId) ? 'second, with the session' : 'second, without');
    });
    app.nest.get(EchoGateway).connected.push = () => order.push('gateway');
    await app.connectAs('alice');
    off();
    off();
    await app.connectAs('alice');
    const rest = ['second, with the session', 'gateway'];
    expect(order).toEqual(['first', ...rest, ...rest]);
  });

  it('that throws affects no connection, and is logged', async () => {
    await using app = await startProtected();
    const events = app.nest.get(WsAuthEvents);
    const error = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const second = vi.fn();
    const failure = new Error('listener');
    for (const name of eventNames) {
      events.on(name, () => {
        throw failure;
      });
      events.on(name, second);
    }
    const client = await enter(app, tokenOf('alice'));
    await client.emit('authenticate', { token: tokenOf('alice') }).next();
    await sessionsOf(app).revoke({ userId: 'alice' });
    expect(await client.closed()).toEqual({ code: 3000, reason: 'revoked' });
    await fateOf(app.connect('/', bearer('bad')));
    expect(second.mock.calls.length).toBeGreaterThanOrEqual(6);
    expect(error).toHaveBeenCalledWith(expect.stringContaining('authenticated'), failure);
  });

  it('that rejects affects no connection, and is logged', async () => {
    await using app = await startProtected();
    const error = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const listeners = process.rawListeners('unhandledRejection');
    const unhandled = vi.fn();
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', unhandled);
    const failure = new Error('audit log');
    app.nest.get(WsAuthEvents).on('authenticated', async () => {
      throw failure;
    });
    const client = await app.connectAs('alice');
    await client.barrier();
    process.removeAllListeners('unhandledRejection');
    listeners.forEach((listener) => process.on('unhandledRejection', listener as () => void));
    expect(unhandled).not.toHaveBeenCalled();
    expect(error).toHaveBeenCalledWith(expect.stringContaining('authenticated'), failure);
  });

  it('that is added by another one waits for the next event', async () => {
    await using app = await startProtected();
    const events = app.nest.get(WsAuthEvents);
    const added = vi.fn();
    const off = events.on('authenticated', () => {
      off();
      events.on('authenticated', added);
    });
    await app.connectAs('alice');
    expect(added).not.toHaveBeenCalled();
    await app.connectAs('alice');
    expect(added).toHaveBeenCalledTimes(1);
  });

  it('that ends the session keeps the gateway from meeting it', async () => {
    await using app = await startProtected();
    app.nest.get(WsAuthEvents).on('authenticated', ({ sessionId }) => {
      sessionsOf(app).disconnect({ sessionId }, { code: 4003, reason: 'not today' });
    });
    const upgraded = app.connect('/', bearer(tokenOf('alice')));
    expect(await fateOf(upgraded)).toBe('closed 4003 not today');
    const client = await app.connect().opened();
    client.emit('authenticate', { token: tokenOf('alice') });
    expect(await fateOf(client)).toBe('closed 4003 not today');
    expect(client.unread).toEqual([]);
    expect(app.nest.get(EchoGateway).connected).toEqual([]);
  });

  it('finds the session of a client that is gone', async () => {
    await using app = await startProtected();
    const client = await app.connectAs('alice');
    const [held] = serverSide(app);
    const session = sessionOf(held!);
    const gone = once(held!, 'close');
    client.socket.terminate();
    await gone;
    expect(sessionOf(held!)).toBe(session);
  });
});
