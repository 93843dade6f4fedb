import { Attempt } from '../authentication/attempt.js';
import type { UpgradeSubject } from '../authentication/authenticator.js';
import type { Peer } from './peer.js';
import type { Entrance } from './admission.js';

/**
 * Elapsed time is rounded down to 100 ms, so that upgrades share timer lists: timers are as late as that when the process is busy, and
 * Node keeps a list for every length of timer there is.
 */
const stepMs = 100;

/** An upgrade that is being decided, until nothing is left that needs its slot. */
export class PendingUpgrade implements Entrance {
  readonly startedAt = performance.now();
  readonly attempt: Attempt;
  /** Whether there is a decision, which may be to wait for the first message. */
  decided = false;
  /** Whether the client has to wait for a decision, which comes before the deadline. */
  waits = false;
  #leave: (() => void) | undefined;
  /** What needs the slot: the attempt, and every socket that is still open after it. */
  #holds = 1;
  /** The slot was given back. What holds it again, after the attempt has ended, has none to give back. */
  #isOver = false;
  /** Runs of code of the application that have not ended. */
  #running = 0;
  #onIdle: (() => void) | undefined;

  /** @param onEnd called once, when the attempt has ended and nothing else holds the slot */
  constructor(
    readonly subject: UpgradeSubject,
    readonly peer: Peer,
    private readonly onEnd: (ended: PendingUpgrade) => void,
  ) {
    this.attempt = new Attempt(() => {
      this.unwatch();
      this.letGo();
    });
  }

  /** Keeps the slot until {@link letGo} is called once more. */
  hold(): void {
    this.#holds += 1;
  }

  letGo(): void {
    this.#holds -= 1;
    if (this.#holds === 0 && !this.#isOver) {
      this.#isOver = true;
      this.onEnd(this);
    }
  }

  /** Keeps the slot until the socket is closed, and lets go then. */
  letGoWhenClosed(): void {
    const { socket } = this.peer;
    if (socket.destroyed) {
      this.letGo();
    } else {
      socket.once('close', () => this.letGo());
    }
  }

  /** Whether code of the application still runs for this upgrade. */
  get isBusy(): boolean {
    return this.#running > 0;
  }

  /** Code of the application begins to run: a strategy, a predicate, a look-up. */
  begin(): void {
    this.#running += 1;
  }

  /** It has ended. */
  finish(): void {
    this.#running -= 1;
    if (this.#running === 0) {
      this.#onIdle?.();
    }
  }

  /** Calls back when code that still runs has ended. */
  onIdle(callback: () => void): void {
    this.#onIdle = callback;
  }

  /** Aborts the attempt when the client disconnects, or `timeoutMs` after the upgrade began. */
  wait(timeoutMs: number): void {
    this.waits = true;
    this.watch();
    const steps = Math.trunc((performance.now() - this.startedAt) / stepMs);
    this.attempt.endWithin(Math.max(1, timeoutMs - steps * stepMs));
  }

  /** Aborts the attempt when the client disconnects. */
  watch(): void {
    const leave = () => this.attempt.abort();
    this.#leave = leave;
    this.peer.socket.on('end', leave).on('close', leave);
  }

  /**
   * No longer ends the attempt with the socket. The socket lives on, and must not hold the request and what the client sent with it.
   */
  unwatch(): void {
    if (this.#leave) {
      this.peer.socket.off('end', this.#leave).off('close', this.#leave);
      this.#leave = undefined;
    }
  }
}
