import { EventEmitter, once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { waitAtMost } from '../../../lib/store/wait-at-most.js';

describe('waiting for a store', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('K6c: ends at the bound where the store never answers', async () => {
    const waited = waitAtMost(1_000, new Promise(() => undefined));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await waited).toBe(false);
  });

  it('ends with the answer, and leaves no timer', async () => {
    expect(await waitAtMost(1_000, Promise.resolve('answer'))).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends with the error, and leaves no timer', async () => {
    await expect(waitAtMost(1_000, Promise.reject(new Error('down')))).rejects.toThrow('down');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('K12d: survives an error after the bound', async () => {
    const answer = new EventEmitter();
    const waited = waitAtMost(1_000, once(answer, 'answer'));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await waited).toBe(false);
    answer.emit('error', new Error('too late'));
  });
});
