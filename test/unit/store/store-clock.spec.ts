import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readClock, StoreClock } from '../../../lib/store/store-clock.js';

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

const silent = { now: () => Promise.reject(new Error('no answer')) };

describe('what a node knows of the clock of a store that does not answer', () => {
  it.each([0, 300_000, -300_000])(
    'goes on from its last answer, where the store is ahead by %i ms',
    async (aheadMs) => {
      const clock = new StoreClock();
      clock.note(Date.now() + aheadMs, performance.now());
      vi.advanceTimersByTime(5_000);
      const { now, failure } = await readClock(silent, clock);
      expect([now, failure?.message]).toEqual([1_005_000 + aheadMs, 'no answer']);
    },
  );

  it('is never behind it, however long the answer has taken', () => {
    const clock = new StoreClock();
    const askedAt = performance.now();
    vi.advanceTimersByTime(700);
    clock.note(Date.now(), askedAt);
    expect(clock.estimate()).toBe(Date.now() + 700);
  });

  it('is in whole milliseconds, and not behind it by a part of one', () => {
    const clock = new StoreClock();
    const now = vi.spyOn(performance, 'now').mockReturnValue(0.75);
    clock.note(1_000_000, 0.25);
    expect(clock.estimate()).toBe(1_000_001);
    now.mockRestore();
  });

  it('does not follow the clock of the node when that is set', () => {
    const clock = new StoreClock();
    clock.note(Date.now(), performance.now());
    vi.setSystemTime(5_000_000);
    expect(clock.estimate()).toBe(1_000_000);
  });

  it.each([undefined, Number.NaN, Infinity, '1', null])(
    'is the clock of the node as long as the store states only %o',
    (stated) => {
      const clock = new StoreClock();
      clock.note(stated, performance.now());
      expect(clock.estimate()).toBe(Date.now());
    },
  );
});
