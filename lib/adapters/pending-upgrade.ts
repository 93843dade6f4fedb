import { Attempt } from '../authentication/attempt.js';
import type { UpgradeSubject } from '../authentication/authenticator.js';
import type { Peer } from './peer.js';
import type { Entrance } from './session-opener.js';

/**
 * What has gone before somebody waits counts in whole tenths of a second: timers are as late as that when the process is busy, and
 * Node keeps a list for every length of timer there is.
 */
const stepMs = 100;

/** An upgrade that is being decided. */
export class PendingUpgrade implements Entrance {
  readonly startedAt = performance.now();
  readonly attempt: Attempt;
  /** Whether there is a decision, which may be to wait for the first message. */
  decided = false;
  #leave: (() => void) | undefined;

  /** @param onEnd called once, when the attempt ends */
  constructor(
    readonly subject: UpgradeSubject,
    readonly peer: Peer,
    onEnd: (ended: PendingUpgrade) => void,
  ) {
    this.attempt = new Attempt(() => {
      this.unwatch();
      onEnd(this);
    });
  }

  /** Whether the client has to wait, and is watched meanwhile. */
  get waits(): boolean {
    return this.#leave !== undefined;
  }

  /**
   * Sees to it that the attempt ends, whatever becomes of the client and of those who decide: so many milliseconds after the
   * upgrade, of which some have gone.
   */
  wait(timeoutMs: number): void {
    const leave = () => this.attempt.abort();
    this.#leave = leave;
    this.peer.socket.on('end', leave).on('close', leave);
    const steps = Math.trunc((performance.now() - this.startedAt) / stepMs);
    this.attempt.endWithin(Math.max(1, timeoutMs - steps * stepMs));
  }

  /**
   * No longer ends the attempt with the socket. The socket lives on, and must not hold the request and what the client sent with it.
   */
  unwatch(): void {
    if (this.#leave) {
      this.peer.socket.off('end', this.#leave).off('close', this.#leave);
    }
  }
}
