/** What a session is timed by. Sockets need everything else as it is. */
const timed = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] as const;

const untimed = [
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
] as const;

/** Options of the fake timers of vitest, jest and `node --test`. */
export interface FakeTimerOptions {
  /** Options of `vi.useFakeTimers()`. */
  readonly vitest: {
    /** What is faked. */
    toFake: (typeof timed)[number][];
  };
  /** Options of `jest.useFakeTimers()`. */
  readonly jest: {
    /** What is not faked. */
    doNotFake: (typeof untimed)[number][];
  };
  /** Options of `mock.timers.enable()`. */
  readonly nodeTest: {
    /** What is faked. */
    apis: ('setTimeout' | 'setInterval' | 'Date')[];
    /** Where the time begins, in epoch milliseconds: now. */
    now: number;
  };
}

/**
 * Options with which the fake timers of a runner move the time of sessions, and let sockets go on.
 *
 * @example
 * ```ts
 * vi.useFakeTimers(fakeTimers.vitest);
 * ```
 * @example
 * ```ts
 * jest.useFakeTimers(fakeTimers.jest);
 * ```
 * @example
 * ```ts
 * mock.timers.enable(fakeTimers.nodeTest); // import { mock } from 'node:test'
 * ```
 * @publicApi
 */
export const fakeTimers: FakeTimerOptions = {
  vitest: { toFake: [...timed] },
  jest: { doNotFake: [...untimed] },
  get nodeTest(): FakeTimerOptions['nodeTest'] {
    return { apis: ['setTimeout', 'setInterval', 'Date'], now: Date.now() };
  },
};
