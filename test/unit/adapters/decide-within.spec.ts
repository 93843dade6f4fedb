import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { decideWithin } from '../../../lib/adapters/decide-within.js';
import { Refusal } from '../../../lib/protocol/refusal.js';

describe('what code of the application decides', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('K6c: is a refusal at the deadline', async () => {
    const decided = decideWithin(500, new Promise<boolean>(() => undefined));
    await vi.advanceTimersByTimeAsync(500);
    expect(await decided).toBeInstanceOf(Refusal);
  });

  it('counts in time, and leaves no timer', async () => {
    expect(await decideWithin(500, Promise.resolve(true))).toBe(true);
    await expect(decideWithin(500, Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(vi.getTimerCount()).toBe(0);
  });
});
