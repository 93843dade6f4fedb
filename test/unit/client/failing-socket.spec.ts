import { inspect } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { firstMessage, queryParam } from '../../../lib/client.js';
import { Deferred } from '../../../lib/client/deferred.js';
import { hourMs, restoreClocks, useFakeTimers } from '../../support/clocks.js';
import { ObservedSocket } from '../../client/observed-socket.js';
import { scripted, ScriptedWebSocket } from '../../client/scripted-socket.js';
import { settle } from '../../support/turns.js';

restoreClocks();
afterEach(() => vi.unstubAllGlobals());

const url = 'ws://127.0.0.1:9/';
const token = () => 'secret-token';
const raw = firstMessage({ format: 'raw' });

/** What browsers throw names the URL, or the subprotocol. */
class ThrowingWebSocket extends ScriptedWebSocket {
  constructor(address: string) {
    super();
    throw new SyntaxError(`failed to construct 'WebSocket': the URL '${address}' is invalid`);
  }
}

describe('a client whose WebSocket', () => {
  it('fires error and no close, waits a second for one and goes on without', async () => {
    useFakeTimers();
    const { WebSocket, socket } = scripted();
    await using client = new ObservedSocket(url, { token, WebSocket, maxFailures: 1 });
    // What pages get where their policy forbids it, and Node.js 22 where no server listens.
    (await socket(0)).fire('error');
    vi.advanceTimersByTime(999);
    expect(client.told).toEqual(['connecting']);
    vi.advanceTimersByTime(1);
    expect(await client.next('close')).toMatchObject({ code: 1006, reason: '', wasClean: false });
  });

  it('throws when it is made, stops, and puts nothing of its arguments into an error', async () => {
    const WebSocket = ThrowingWebSocket;
    await using client = new ObservedSocket(url, { token, WebSocket, via: queryParam() });
    expect(await client.next('close')).toMatchObject({ code: 1006, reason: 'no WebSocket' });
    expect(client.told).toEqual(['connecting', 'error', 'close']);
    const rejection: unknown = await client.socket.authenticated.catch((error: Error) => error);
    expect(`${client.seen.join('\n')} ${inspect(rejection)}`).not.toContain('secret');
  });

  it('still fires after the end, is ignored, and leaves no timer', async () => {
    useFakeTimers();
    const { WebSocket, socket } = scripted();
    await using client = new ObservedSocket(url, { token, WebSocket });
    const connection = await socket(0);
    connection.open();
    await client.next('authenticating');
    connection.authenticate(hourMs);
    client.socket.renew();
    await settle();
    client.close();
    expect(vi.getTimerCount()).toBe(0);
    const before = [...client.history];
    connection.fire('message', { data: 'late' });
    connection.fire('open');
    connection.fire('close', { code: 1006 });
    expect(client.history).toEqual(before);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('K7: is sent on as soon as it has come, moves immediately the first time, and after a delay the next', async () => {
    useFakeTimers();
    const { WebSocket, made, socket } = scripted();
    await using client = new ObservedSocket(url, { token, WebSocket });
    for (const index of [0, 1]) {
      const connection = await socket(index);
      connection.open();
      await settle();
      connection.authenticate(hourMs);
      await settle();
      const data = JSON.stringify({ event: 'draining', data: { closesInMs: 5_000 } });
      connection.fire('message', { data });
      await settle();
    }
    expect(made).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(made).toHaveLength(3);
    client.socket.close();
  });

  it('is refused after five seconds without a word, was accepted all the same', async () => {
    useFakeTimers();
    const { WebSocket, socket } = scripted();
    await using client = new ObservedSocket(url, { token, WebSocket, via: raw });
    (await socket(0)).open();
    await client.next('open');
    vi.advanceTimersByTime(5_000);
    (await socket(0)).fire('close', { code: 3000 });
    expect((await client.next('waiting')).delayMs).toBeGreaterThanOrEqual(1_000);
  });

  it('is closed because the token expired, was accepted however soon that was', async () => {
    useFakeTimers();
    const { WebSocket, socket } = scripted();
    const patience = { backOffMs: 1_000, maxBackOffMs: 30_000 };
    await using client = new ObservedSocket(url, { token, WebSocket, via: raw, ...patience });
    for (let count = 0; count < 3; count += 1) {
      const connection = await socket(count);
      connection.open();
      await client.next('open');
      vi.advanceTimersByTime(2_000);
      connection.fire('close', { code: 3000, reason: 'token expired' });
      expect(await client.next('waiting')).toMatchObject({ delayMs: 0, failures: 1 });
      vi.advanceTimersByTime(1);
    }
  });

  it('is lost soon after a renewal, was open for long all the same', async () => {
    useFakeTimers();
    const { WebSocket, socket } = scripted();
    await using client = new ObservedSocket(url, { token, WebSocket });
    (await socket(0)).fire('close', { code: 1006 });
    expect(await client.next('waiting')).toMatchObject({ failures: 1 });
    vi.advanceTimersByTime(60);
    const connection = await socket(1);
    connection.open();
    await client.next('authenticating');
    connection.authenticate(hourMs);
    vi.advanceTimersByTime(60);
    connection.authenticate(hourMs);
    connection.fire('close', { code: 1006 });
    expect(await client.next('waiting')).toMatchObject({ failures: 1 });
  });
});

describe('a client whose clock is ahead', () => {
  it('renews a session that is over by that clock, as often as it may, and leaves its end to the server', async () => {
    useFakeTimers();
    const { WebSocket, socket, made } = scripted();
    await using client = new ObservedSocket(url, { token, WebSocket });
    const connection = await socket(0);
    connection.open();
    await client.next('authenticating');
    for (let renewals = 0; renewals < 3; renewals += 1) {
      connection.authenticate(1_000);
      vi.advanceTimersByTime(2_999);
      await settle();
      expect(connection.sent).toHaveLength(1 + renewals);
      vi.advanceTimersByTime(1);
      await settle();
      expect(connection.sent).toHaveLength(2 + renewals);
    }
    expect([client.socket.state, made.length]).toEqual(['open', 1]);
  });
});

describe('a page that sleeps while its client waits', () => {
  it('connects immediately when it wakes up after the delay, and not before', async () => {
    useFakeTimers();
    const page = new EventTarget();
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    const { WebSocket, socket, made } = scripted();
    await using client = new ObservedSocket(url, { token, WebSocket });
    (await socket(0)).fire('close', { code: 1006 });
    const dueAt = Date.now() + Math.ceil((await client.next('waiting')).delayMs);
    vi.setSystemTime(dueAt - 1);
    page.dispatchEvent(new Event('visibilitychange'));
    await settle();
    expect(made).toHaveLength(1);
    vi.setSystemTime(dueAt);
    page.dispatchEvent(new Event('visibilitychange'));
    await socket(1);
    // The delay itself is over as well, and brings no third one.
    vi.advanceTimersByTime(1_000);
    await settle();
    expect(made).toHaveLength(2);
  });

  it('is listened to no longer once the socket is closed, which keeps no timer and no message', async () => {
    useFakeTimers();
    const listened: AbortSignal[] = [];
    vi.stubGlobal('addEventListener', (_type: string, _listener: unknown, options: object) =>
      listened.push((options as { readonly signal: AbortSignal }).signal),
    );
    const { WebSocket, socket } = scripted();
    await using client = new ObservedSocket(url, { token, WebSocket });
    (await socket(0)).fire('close', { code: 1006 });
    client.emit('kept');
    client.socket.close();
    client.emit('dropped');
    expect(listened.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect([vi.getTimerCount(), client.socket.bufferedAmount]).toEqual([0, 0]);
  });
});

describe('a client that is ended while it prepares', () => {
  it('does nothing with a token that comes too late', async () => {
    const late = new Deferred<string>();
    const { WebSocket, made } = scripted();
    const prepare = vi.fn(async () => 204);
    const via = { prepare };
    await using client = new ObservedSocket(url, { token: () => late.promise, WebSocket, via });
    await client.next('connecting');
    client.close();
    late.resolve('token');
    await settle();
    expect([prepare.mock.calls.length, made.length]).toEqual([0, 0]);
  });

  it('aborts the preparation, and does not connect when it comes to an end', async () => {
    const prepared = new Deferred<number>();
    const asked = new Deferred<AbortSignal>();
    const { WebSocket, made } = scripted();
    const via = {
      prepare: (_token: string, signal: AbortSignal) => {
        asked.resolve(signal);
        return prepared.promise;
      },
    };
    await using client = new ObservedSocket(url, { token, WebSocket, via });
    const signal = await asked.promise;
    client.close();
    expect(signal.aborted).toBe(true);
    prepared.resolve(204);
    await settle();
    expect(made).toEqual([]);
  });
});
