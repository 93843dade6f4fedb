import { afterEach, vi } from 'vitest';

/** Lets tests of this file move timers and the wall clock; real sockets go on beside them. */
export function useFakeTimers(): void {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
  });
}

/** Lets a test move the wall clock alone. */
export function useFakeClock(): void {
  vi.useFakeTimers({ toFake: ['Date'] });
}

/** Gives every test of the file back its clocks. */
export function restoreClocks(): void {
  afterEach(() => {
    vi.useRealTimers();
  });
}

const cell = new Int32Array(new SharedArrayBuffer(4));

/** Holds the event loop, as a handler that computes does. */
export function blockEventLoop(forMs: number): void {
  Atomics.wait(cell, 0, 0, forMs);
}

export const secondMs = 1_000;
export const minuteMs = 60_000;
export const hourMs = 3_600_000;
export const dayMs = 86_400_000;
