import { afterEach, describe, expect, it, vi } from 'vitest';
import { Deferred } from '../../lib/client/deferred.js';
import { queryParam } from '../../lib/client.js';
import {
  fromFirstMessage,
  fromQueryParam,
  WsAuthSessions,
  type WsAuthModuleOptions,
} from '../../lib/index.js';
import { hourMs, minuteMs, restoreClocks, secondMs, useFakeTimers } from '../support/clocks.js';
import { startProtected } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { tokenOf } from '../support/tokens.js';
import { ObservedSocket } from './observed-socket.js';

/** A token that ends so many milliseconds from now. */
const tokenFor = (lifeMs: number, sub = 'alice') =>
  tokenOf(sub, { exp: (Date.now() + lifeMs) / 1_000 });

const credentials = [fromFirstMessage(), fromQueryParam('token')];

/** Time that is skipped leaves no time to answer pings. */
const startQuietly = (options: WsAuthModuleOptions = {}) =>
  startProtected({ heartbeatIntervalMs: 0, ...options });

restoreClocks();
afterEach(() => vi.unstubAllGlobals());

describe('a client with a session that ends', () => {
  it('renews it on the open socket after four fifths of its life', async () => {
    useFakeTimers();
    await using app = await startQuietly({ expiryWarningMs: 0 });
    await using client = new ObservedSocket(app.url(), { token: () => tokenFor(hourMs) });
    await client.next('open');
    const first = client.socket.session!.expiresAt!;
    vi.advanceTimersByTime(0.8 * hourMs - secondMs);
    expect(client.told).not.toContain('session');
    vi.advanceTimersByTime(2 * secondMs);
    await client.next('session');
    expect(client.socket.session!.expiresAt! - first).toBeGreaterThanOrEqual(0.8 * hourMs);
    vi.advanceTimersByTime(hourMs / 2);
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
    expect(app.nest.get(EchoGateway).connected).toHaveLength(1);
  });

  it('renews on an expiring message, also without a known expiresAt', async () => {
    useFakeTimers();
    await using app = await startQuietly({ credentials, expiryWarningMs: 10 * minuteMs });
    await using client = new ObservedSocket(app.url(), {
      token: () => tokenFor(hourMs),
      via: queryParam(),
    });
    await client.next('open');
    expect(client.socket.session).toEqual({ expiresAt: undefined });
    vi.advanceTimersByTime(50 * minuteMs + secondMs);
    await client.next('session');
    expect(client.socket.session!.expiresAt! - Date.now()).toBeLessThan(10 * minuteMs);
    await client.next('session');
    expect(client.socket.session!.expiresAt! - Date.now()).toBeGreaterThan(59 * minuteMs);
    expect(app.nest.get(EchoGateway).connected).toHaveLength(1);
  });

  it('stays authenticated for a week', async () => {
    useFakeTimers();
    await using app = await startQuietly();
    await using client = new ObservedSocket(app.url(), { token: () => tokenFor(24 * hourMs) });
    await client.next('open');
    for (let renewals = 0; renewals < 9; renewals += 1) {
      vi.advanceTimersByTime(0.8 * 24 * hourMs + secondMs);
      await client.next('session');
    }
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
    expect(app.nest.get(EchoGateway).connected).toHaveLength(1);
  });

  it('keeps it, and tries again, when no token can be had', async () => {
    useFakeTimers();
    await using app = await startQuietly({ expiryWarningMs: 0 });
    const tokens = [() => tokenFor(hourMs), fail, fail, () => tokenFor(hourMs)];
    const { source, asked } = countedSource(tokens);
    await using client = new ObservedSocket(app.url(), { token: source });
    await client.next('open');
    vi.advanceTimersByTime(48 * minuteMs);
    await asked(2);
    vi.advanceTimersByTime(0.8 * 12 * minuteMs);
    await asked(3);
    expect(client.socket.state).toBe('open');
    vi.advanceTimersByTime(0.8 * 2.4 * minuteMs + secondMs);
    await client.next('session');
    expect(client.told).not.toContain('waiting');
  });

  it('comes back with a new token when it could not renew it in time', async () => {
    useFakeTimers();
    await using app = await startQuietly({ expiryWarningMs: 0 });
    const tokens = [() => tokenFor(10 * secondMs), fail, fail, () => tokenFor(hourMs)];
    const { source, asked } = countedSource(tokens);
    await using client = new ObservedSocket(app.url(), { token: source });
    await client.next('open');
    vi.advanceTimersByTime(8 * secondMs);
    await asked(2);
    vi.advanceTimersByTime(2 * secondMs);
    const waiting = await client.next('waiting');
    expect(waiting).toMatchObject({ code: 3000, reason: 'token expired', delayMs: 0 });
    vi.advanceTimersByTime(1);
    await asked(3);
    expect(await client.next('waiting')).toMatchObject({ reason: 'no token' });
    vi.advanceTimersByTime(minuteMs);
    await client.next('open');
  });

  it('is closed for good when the new token belongs to another user', async () => {
    await using app = await startProtected();
    const tokens = [tokenFor(hourMs), tokenFor(hourMs, 'bob')];
    await using client = new ObservedSocket(app.url(), { token: () => tokens.shift() });
    await client.next('open');
    client.socket.renew();
    expect(await client.next('close')).toMatchObject({ code: 3003, reason: 'other user' });
  });

  it('asks for no token when it is closed because the end is near', async () => {
    useFakeTimers();
    await using app = await startQuietly();
    let asked = 0;
    await using client = new ObservedSocket(app.url(), {
      token: () => {
        asked += 1;
        return tokenFor(minuteMs);
      },
    });
    await client.next('open');
    client.socket.addEventListener('session', () => client.socket.close());
    vi.advanceTimersByTime(31 * secondMs);
    await client.next('close');
    expect(asked).toBe(1);
  });

  it('does not renew twice at a time', async () => {
    await using app = await startProtected();
    await using client = new ObservedSocket(app.url(), { token: () => tokenFor(hourMs) });
    await client.next('open');
    client.socket.renew();
    client.socket.renew();
    await client.next('session');
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
    expect(client.told.filter((type) => type === 'session')).toHaveLength(1);
  });

  it('takes in that the server has renewed it', async () => {
    await using app = await startProtected();
    await using client = new ObservedSocket(app.url(), { token: () => tokenFor(minuteMs) });
    await client.next('open');
    const sessions = app.nest.get(WsAuthSessions);
    const exp = Math.floor(Date.now() / 1_000) + 3_600;
    sessions.refresh(sessions.ofUser('alice')[0]!.id, { id: 'alice' }, { exp });
    await client.next('session');
    expect(client.socket.session).toEqual({ expiresAt: exp * 1_000 });
  });
});

describe('a page that sleeps', () => {
  it('reconnects immediately when it wakes up after the end of its session', async () => {
    useFakeTimers();
    const page = stubPage();
    await using app = await startProtected();
    await using proxy = await TcpProxy.to(app.port);
    const url = `ws://127.0.0.1:${proxy.port}/`;
    await using _witness = await app.connectTo(url).opened();
    await using client = new ObservedSocket(url, { token: () => tokenFor(hourMs) });
    await client.next('open');
    // The server has long closed the connection, and the machine has not noticed.
    proxy.strandAllButFirst();
    vi.setSystemTime(Date.now() + 8 * hourMs);
    page.dispatchEvent(new Event('visibilitychange'));
    const waiting = await client.next('waiting');
    expect(waiting).toMatchObject({ code: 3000, reason: 'token expired', delayMs: 0 });
    vi.advanceTimersByTime(1);
    await client.next('open');
  });

  it('renews its session when it wakes up shortly before the end, and not when it is merely seen', async () => {
    useFakeTimers();
    const page = stubPage();
    await using app = await startProtected();
    await using client = new ObservedSocket(app.url(), { token: () => tokenFor(hourMs) });
    await client.next('open');
    page.dispatchEvent(new Event('visibilitychange'));
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
    expect(client.told).not.toContain('session');
    vi.setSystemTime(Date.now() + 50 * minuteMs);
    page.dispatchEvent(new Event('visibilitychange'));
    await client.next('session');
    expect(app.nest.get(EchoGateway).connected).toHaveLength(1);
  });

  it('does not wait any longer when it is online again', async () => {
    const page = stubPage();
    const first = await startProtected();
    const patient = { backOffMs: 3_600_000, maxBackOffMs: 3_600_000 };
    await using client = new ObservedSocket(first.url(), {
      token: () => tokenFor(hourMs),
      ...patient,
    });
    await client.next('open');
    await first[Symbol.asyncDispose]();
    await client.next('waiting');
    await using _second = await startProtected({}, [], { port: first.port });
    page.dispatchEvent(new Event('visibilitychange'));
    expect(client.socket.state).toBe('waiting');
    page.dispatchEvent(new Event('online'));
    await client.next('open');
  });
});

function fail(): never {
  throw new Error('out of reach');
}

/** A source that answers each call in its own way, and a promise of the n-th call. */
function countedSource(answers: readonly (() => string | undefined)[]) {
  const calls = answers.map(() => new Deferred<void>());
  let count = 0;
  return {
    source: async () => {
      const index = count;
      count += 1;
      // The client is done with the answer a few microtasks later.
      setImmediate(() => calls[index]!.resolve());
      return answers[index]!();
    },
    asked: (nth: number) => calls[nth - 1]!.promise,
  };
}

/** The part of a window that the client listens to. */
function stubPage(): EventTarget {
  const page = new EventTarget();
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  return page;
}
