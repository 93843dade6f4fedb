import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { aborted, Attempt } from '../../../lib/authentication/attempt.js';
import { Refusal } from '../../../lib/protocol/refusal.js';
import { useFakeTimers } from '../../support/clocks.js';

beforeEach(() => useFakeTimers());

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const shutdown = new Refusal('ERR_WS_AUTH_SHUTTING_DOWN');

function attemptWith(log: string[]): Attempt {
  const attempt = new Attempt(() => log.push('end'));
  attempt.endWithin(1_000);
  attempt.onAbort(() => log.push('abort'));
  return attempt;
}

describe('an attempt', () => {
  it('ST-06: ends at its deadline, once, with 503', () => {
    const log: string[] = [];
    const attempt = attemptWith(log);
    vi.advanceTimersByTime(999);
    expect(attempt.running).toBe(true);
    vi.advanceTimersByTime(1);
    expect(attempt.running).toBe(false);
    expect(attempt.signal.aborted).toBe(true);
    expect(attempt.refusal).toMatchObject({
      code: 'ERR_WS_AUTH_UNAVAILABLE',
      httpStatus: 503,
      retryAfterSeconds: 1,
    });
    attempt.settle();
    attempt.abort(shutdown);
    expect(log).toEqual(['end', 'abort']);
    expect(aborted(attempt).code).toBe('ERR_WS_AUTH_UNAVAILABLE');
  });

  it('FM-01: ends with 3008 while it waits for the client', () => {
    const attempt = attemptWith([]);
    attempt.deadlineCode = 'ERR_WS_AUTH_TIMEOUT';
    vi.advanceTimersByTime(1_000);
    expect(attempt.refusal).toMatchObject({ code: 'ERR_WS_AUTH_TIMEOUT', closeCode: 3008 });
  });

  it('settles once, and then nothing aborts it', () => {
    const log: string[] = [];
    const attempt = attemptWith(log);
    attempt.settle();
    attempt.settle();
    attempt.abort(shutdown);
    vi.advanceTimersByTime(10_000);
    expect(log).toEqual(['end']);
    expect(attempt.refusal).toBeUndefined();
    expect(attempt.running).toBe(false);
    expect(attempt.signal.aborted).toBe(false);
  });

  it('ST-01: aborts without a refusal when the client has left', () => {
    const log: string[] = [];
    const attempt = attemptWith(log);
    const { signal } = attempt;
    attempt.abort();
    attempt.abort(shutdown);
    expect(log).toEqual(['end', 'abort']);
    expect(signal.aborted).toBe(true);
    expect(attempt.refusal).toBeUndefined();
    expect(aborted(attempt)).toMatchObject({ code: 'ERR_WS_AUTH_UNAVAILABLE', httpStatus: 503 });
  });

  it('aborts with the refusal it is given', () => {
    const attempt = attemptWith([]);
    attempt.abort(shutdown);
    expect(aborted(attempt)).toBe(shutdown);
  });

  it('calls a late callback immediately', () => {
    const log: string[] = [];
    const attempt = attemptWith([]);
    attempt.abort();
    attempt.onAbort(() => log.push('late'));
    expect(log).toEqual(['late']);
    expect(attempt.signal.aborted).toBe(true);
  });

  it('makes one signal, however often it is asked', () => {
    const attempt = attemptWith([]);
    const { signal } = attempt;
    expect(attempt.signal).toBe(signal);
    attempt.abort();
    expect(attempt.signal).toBe(signal);
  });

  it('calls every callback, in order', () => {
    const log: string[] = [];
    const attempt = attemptWith([]);
    attempt.onAbort(() => log.push('first'));
    attempt.onAbort(() => log.push('second'));
    attempt.abort();
    expect(log).toEqual(['first', 'second']);
  });
});
