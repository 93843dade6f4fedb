import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Expiry } from '../../../lib/sessions/expiry.js';
import { dayMs, restoreClocks, useAllFakeClocks } from '../../support/clocks.js';

beforeEach(() => useAllFakeClocks());
restoreClocks();

function watch(inMs: number, warningMs = 0) {
  const log: string[] = [];
  const expiry: Expiry = new Expiry(Date.now() + inMs, warningMs, {
    onWarning: () => log.push('warning'),
    onEnd: () => log.push('end'),
  });
  return { expiry, log };
}

describe('an expiry', () => {
  it('warns once and ends once', () => {
    const { log, expiry } = watch(10_000, 3_000);
    vi.advanceTimersByTime(6_999);
    expect(log).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(log).toEqual(['warning']);
    vi.advanceTimersByTime(2_999);
    expect(expiry.isOver).toBe(false);
    expect(log).toEqual(['warning']);
    vi.advanceTimersByTime(1);
    expect(log).toEqual(['warning', 'end']);
    expect(expiry.isOver).toBe(true);
    vi.advanceTimersByTime(dayMs);
    expect(log).toEqual(['warning', 'end']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not warn of an end that is near already, or when it should not', () => {
    const near = watch(1_000, 3_000);
    const silent = watch(1_000, 0);
    vi.advanceTimersByTime(1_000);
    expect(near.log).toEqual(['end']);
    expect(silent.log).toEqual(['end']);
  });

  it('EX-03: does not end immediately when the end is further than a timer reaches', () => {
    const { log } = watch(60 * dayMs);
    vi.advanceTimersByTime(1);
    expect(log).toEqual([]);
    vi.advanceTimersByTime(60 * dayMs - 2);
    expect(log).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(log).toEqual(['end']);
  });

  it('EX-06: is not put off by a clock that is set back', () => {
    const { log, expiry } = watch(10_000);
    vi.setSystemTime(Date.now() - 3_600_000);
    vi.advanceTimersByTime(10_000);
    expect(log).toEqual(['end']);
    expect(expiry.isOver).toBe(true);
  });

  it('EX-06: is over as soon as the clock shows it', () => {
    const { expiry } = watch(10_000);
    vi.setSystemTime(Date.now() + 3_600_000);
    expect(expiry.isOver).toBe(true);
    expect(expiry.remainingMs).toBeLessThan(0);
  });

  it('EX-09: leaves no timer when it is stopped', () => {
    const { log, expiry } = watch(10_000, 5_000);
    expiry.stop();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(20_000);
    expect(log).toEqual([]);
  });

  it('EX-09: leaves no timer when the warning stops it', () => {
    const log: string[] = [];
    const expiry: Expiry = new Expiry(Date.now() + 10_000, 5_000, {
      onWarning: () => expiry.stop(),
      onEnd: () => log.push('end'),
    });
    vi.advanceTimersByTime(5_000);
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(20_000);
    expect(log).toEqual([]);
  });

  it('shares few lengths of timers among sessions that end together, whenever they have begun', () => {
    const lengths = new Set<unknown>();
    const { setTimeout } = globalThis;
    // By hand: what a spy has restored, vitest restores once more when the clocks are real again.
    globalThis.setTimeout = ((
      callback: (argument: unknown) => void,
      delay: number,
      argument: unknown,
    ) => {
      lengths.add(delay);
      return setTimeout(callback, delay, argument);
    }) as typeof setTimeout;
    const at = Date.now() + 60_000;
    const logs: string[][] = [];
    for (let count = 0; count < 500; count += 1) {
      logs.push(watch(at - Date.now()).log);
      vi.advanceTimersByTime(43);
    }
    vi.advanceTimersByTime(at - Date.now() - 1);
    expect(logs.flat()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(logs.flat()).toHaveLength(500);
    // One for each session, if they shared none.
    expect(lengths.size).toBeLessThan(220);
    globalThis.setTimeout = setTimeout;
  });
});
