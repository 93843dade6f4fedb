import { syncBuiltinESMExports } from 'node:module';
import promises from 'node:timers/promises';
import { runTurns } from './run-turns.js';
import { TimerQueue, type Timer } from './timer-queue.js';

/** A process on a machine: its wall clock may be off, and its timers end with it. */
export interface Machine {
  /** Milliseconds by which its wall clock is ahead. */
  skewMs: number;
  isDead: boolean;
}

const globals = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] as const;
const epoch = Date.UTC(2030, 0, 1);

/**
 * A clock that jumps from timer to timer. It replaces the timers and clocks of this process, so that production code runs on it
 * unchanged. Code that runs for a machine reads the wall clock of that machine; the monotonic clock is the same for all.
 *
 * A timer, and all promises that settle because of it, are one turn, and a turn is of one machine. So the machine is a field, and
 * needs no `AsyncLocalStorage`, which made every promise several times as expensive.
 */
export class VirtualTime {
  readonly #queue = new TimerQueue();
  readonly #real = globals.map((name) => [name, globalThis[name]] as const);
  readonly #realPromises = { ...promises };
  readonly #realDateNow = Date.now;
  #machine: Machine | undefined;
  /** Milliseconds since the schedule began. */
  now = 0;

  install(): void {
    Object.assign(globalThis, {
      setTimeout: (run: () => void, delayMs = 0) => this.#schedule(run, Math.max(1, delayMs)),
      setInterval: (run: () => void, delayMs: number) => this.#schedule(run, delayMs, delayMs),
      clearTimeout: end,
      clearInterval: end,
    });
    // Imports of other modules follow with the call after it.
    Object.assign(promises, {
      setTimeout: (delayMs: number) => this.#pause(Math.max(1, delayMs)),
      setImmediate: () => this.#pause(0),
    });
    syncBuiltinESMExports();
    Date.now = () => this.wallClock + (this.#machine?.skewMs ?? 0);
    Object.defineProperty(performance, 'now', { value: () => this.now, configurable: true });
  }

  uninstall(): void {
    Object.assign(globalThis, Object.fromEntries(this.#real));
    Object.assign(promises, this.#realPromises);
    syncBuiltinESMExports();
    Date.now = this.#realDateNow;
    // The method of the prototype is visible again.
    Reflect.deleteProperty(performance, 'now');
  }

  /** Epoch milliseconds by a clock that is right, as that of the issuer of tokens is. */
  get wallClock(): number {
    return epoch + this.now;
  }

  /** Does work at an instant, for the world around the machines. */
  at(instant: number, work: () => void): void {
    this.#add(instant, work, undefined, undefined);
  }

  /** Does work for a machine, in a turn of its own. */
  post(machine: Machine, work: () => void): void {
    this.#add(this.now, work, machine, undefined);
  }

  /** The rest of this turn is of a machine, with all promises that settle in it. */
  enter(machine: Machine): void {
    this.#machine = machine;
  }

  /** Does work that has ended when it returns, for another machine than the one of this turn, or for none. */
  runOn<Result>(machine: Machine | undefined, work: () => Result): Result {
    const before = this.#machine;
    this.#machine = machine;
    try {
      return work();
    } finally {
      this.#machine = before;
    }
  }

  /** A callback that does its work in a turn of the machine that it comes from. */
  bind(work: () => void): () => void {
    const machine = this.#machine;
    return machine ? () => this.post(machine, work) : work;
  }

  /** Runs timers in their order until that time, and calls back after each. */
  async run(until: number, afterEach: () => void = nothing): Promise<void> {
    await runTurns(() => {
      afterEach();
      const timer = this.#queue.take(until);
      if (timer) {
        this.#fire(timer);
      } else {
        this.now = until;
      }
      return timer !== undefined;
    });
  }

  #fire(timer: Timer): void {
    this.now = timer.at;
    this.#machine = timer.machine;
    if (timer.everyMs !== undefined) {
      timer.at += timer.everyMs;
      this.#queue.add(timer);
    }
    timer.run();
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.#schedule(resolve, delayMs));
  }

  #schedule(run: () => void, delayMs: number, everyMs?: number): object {
    return this.#add(this.now + delayMs, run, this.#machine, everyMs);
  }

  #add(
    at: number,
    run: () => void,
    machine: Machine | undefined,
    everyMs: number | undefined,
  ): Timer {
    const timer = { at, sequence: 0, everyMs, machine, run, isOver: false, unref: () => timer };
    this.#queue.add(timer);
    return timer;
  }
}

function end(timer: Timer | undefined): void {
  if (timer) {
    timer.isOver = true;
  }
}

function nothing(): void {}
