import { afterEach, vi } from 'vitest';

const timers = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] as const;

/** Lets a test advance timers and the wall clock from an instant. Real sockets keep working beside them. */
export function useFakeTimers(now = Date.now()): void {
  vi.useFakeTimers({ toFake: [...timers, 'Date'], now });
}

/** Lets a test advance timers, the wall clock and the monotonic clock. */
export function useAllFakeClocks(now = Date.now()): void {
  vi.useFakeTimers({ toFake: [...timers, 'Date', 'performance'], now });
}

/** Lets a test set the wall clock, which starts at an instant. */
export function useFakeClock(now = Date.now()): void {
  vi.useFakeTimers({ toFake: ['Date'], now });
}

/** Restores the real clocks after each test of the file or of the `describe` that calls it. */
export function restoreClocks(): void {
  afterEach(() => {
    vi.useRealTimers();
  });
}

const cell = new Int32Array(new SharedArrayBuffer(4));

/** Blocks the event loop, as a handler that computes does. */
export function blockEventLoop(forMs: number): void {
  Atomics.wait(cell, 0, 0, forMs);
}

export const secondMs = 1_000;
export const minuteMs = 60_000;
export const hourMs = 3_600_000;
export const dayMs = 86_400_000;
