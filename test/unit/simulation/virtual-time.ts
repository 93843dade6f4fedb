import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** A process on a machine: its wall clock may be off, and its timers end with it. */
export interface Machine {
  /** Milliseconds by which its wall clock is ahead. */
  skewMs: number;
  isDead: boolean;
}

interface Timer {
  at: number;
  readonly everyMs: number | undefined;
  readonly machine: Machine | undefined;
  readonly run: () => void;
}

const globals = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] as const;
const epoch = Date.UTC(2030, 0, 1);

/**
 * A clock that jumps from timer to timer. It replaces the timers and clocks of this process, so that production code runs on it
 * unchanged. Code that runs for a machine reads the wall clock of that machine; the monotonic clock is the same for all.
 */
export class VirtualTime {
  readonly #machine = new AsyncLocalStorage<Machine>();
  readonly #timers = new Set<Timer>();
  readonly #real = globals.map((name) => [name, globalThis[name]] as const);
  readonly #realDateNow = Date.now;
  /** Milliseconds since the schedule began. */
  now = 0;

  install(): void {
    const schedule = (run: () => void, delayMs: number, isRepeated: boolean) =>
      this.#schedule(run, delayMs, isRepeated);
    const clear = (timer: unknown) => this.#timers.delete(timer as Timer);
    const fakes = {
      setTimeout: (run: () => void, delayMs = 0) => schedule(run, delayMs, false),
      setInterval: (run: () => void, delayMs = 0) => schedule(run, delayMs, true),
      clearTimeout: clear,
      clearInterval: clear,
    };
    Object.assign(globalThis, fakes);
    Date.now = () => this.wallClock + (this.#machine.getStore()?.skewMs ?? 0);
    Object.defineProperty(performance, 'now', { value: () => this.now, configurable: true });
  }

  uninstall(): void {
    Object.assign(globalThis, Object.fromEntries(this.#real));
    Date.now = this.#realDateNow;
    // The method of the prototype is visible again.
    Reflect.deleteProperty(performance, 'now');
    this.#machine.disable();
  }

  /** Epoch milliseconds by a clock that is right, as that of the issuer of tokens is. */
  get wallClock(): number {
    return epoch + this.now;
  }

  runOn<Result>(machine: Machine, work: () => Result): Result {
    return this.#machine.run(machine, work);
  }

  /** Runs work of the world around the machines, whichever of them causes it. */
  runOutside(work: () => void): void {
    this.#machine.exit(work);
  }

  /** A callback that runs on the machine that it comes from, whichever calls it. */
  bind(work: () => void): () => void {
    const machine = this.#machine.getStore();
    return machine ? () => this.#machine.run(machine, work) : work;
  }

  /** Runs timers in their order until that time, and calls back after each. */
  async advanceTo(until: number, afterEach: () => void): Promise<void> {
    for (let timer = this.#first(until); timer; timer = this.#first(until)) {
      this.now = Math.max(this.now, timer.at);
      this.#fire(timer);
      await nextTurn();
      afterEach();
    }
    this.now = until;
  }

  #first(until: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.machine?.isDead) {
        this.#timers.delete(timer);
      } else if (timer.at <= until && (first === undefined || timer.at < first.at)) {
        first = timer;
      }
    }
    return first;
  }

  #fire(timer: Timer): void {
    if (timer.everyMs === undefined) {
      this.#timers.delete(timer);
    } else {
      timer.at += timer.everyMs;
    }
    if (timer.machine) {
      this.#machine.run(timer.machine, timer.run);
    } else {
      this.#machine.exit(timer.run);
    }
  }

  #schedule(run: () => void, delayMs: number, isRepeated: boolean): object {
    const pauseMs = Math.max(1, delayMs);
    const machine = this.#machine.getStore();
    const everyMs = isRepeated ? pauseMs : undefined;
    const timer = { at: this.now + pauseMs, everyMs, machine, run, unref: () => timer };
    this.#timers.add(timer);
    return timer;
  }
}
