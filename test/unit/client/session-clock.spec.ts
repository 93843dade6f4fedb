import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SessionClock } from '../../../lib/client/session-clock.js';
import { hourMs } from '../../support/clocks.js';

describe('the clock of a session', () => {
  const due = vi.fn<() => void>();
  let clock: SessionClock;
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_700_000_000_000 });
    due.mockReset();
    clock = new SessionClock(due);
  });
  afterEach(() => {
    clock.stop();
    vi.useRealTimers();
  });

  it('asks for a renewal when four fifths of the life are over', () => {
    clock.set(Date.now() + hourMs);
    vi.advanceTimersByTime(0.8 * hourMs - 1);
    expect([due.mock.calls.length, clock.isDue]).toEqual([0, false]);
    vi.advanceTimersByTime(1);
    expect([due.mock.calls.length, clock.isDue]).toEqual([1, true]);
  });

  it('asks again after four fifths of what is left, but not within three seconds', () => {
    clock.set(Date.now() + 10_000);
    vi.advanceTimersByTime(8_000);
    clock.postpone();
    vi.advanceTimersByTime(2_999);
    expect(due).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1);
    expect(due).toHaveBeenCalledTimes(2);
  });

  it('forgets the renewal of before when the session is renewed', () => {
    clock.set(Date.now() + 10_000);
    vi.advanceTimersByTime(7_000);
    clock.set(Date.now() + hourMs);
    vi.advanceTimersByTime(hourMs / 2);
    expect(due).not.toHaveBeenCalled();
  });

  it.each([null, undefined])('asks for nothing when the end is %s', (expiresAt) => {
    clock.set(expiresAt);
    expect(vi.getTimerCount()).toBe(0);
    expect([clock.isOver, clock.isAtEnd, clock.isDue]).toEqual([false, false, false]);
  });

  it('asks early rather than immediately for a life that is longer than a timer can be', () => {
    clock.set(Date.now() + 365 * 24 * hourMs);
    vi.advanceTimersByTime(2 ** 31 - 2);
    expect(due).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(due).toHaveBeenCalledTimes(1);
  });

  it('knows the end, and that a close shortly before it is the end as well', () => {
    clock.set(Date.now() + 10_000);
    vi.setSystemTime(Date.now() + 8_999);
    expect([clock.isAtEnd, clock.isOver]).toEqual([false, false]);
    vi.setSystemTime(Date.now() + 1);
    expect([clock.isAtEnd, clock.isOver]).toEqual([true, false]);
    vi.setSystemTime(Date.now() + 1_000);
    expect([clock.isAtEnd, clock.isOver]).toEqual([true, true]);
  });

  it('does not trust its own clock when it shows that a valid session is over', () => {
    clock.set(Date.now() - 1);
    expect(vi.getTimerCount()).toBe(0);
    expect(clock.isOver).toBe(false);
  });

  it('leaves no timer behind', () => {
    clock.set(Date.now() + hourMs);
    clock.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
