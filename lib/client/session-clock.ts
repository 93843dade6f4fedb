import { Timer } from './timer.js';

/** Part of the remaining life after which a session is renewed. */
const renewalShare = 0.8;
/** Renewals come at least this far apart: the server bounds how many it takes. */
export const minRenewalMs = 3_000;

/**
 * Least time in milliseconds between renewals of a client that renews only when the server announces an end. It is shorter than
 * {@link minRenewalMs}, since tokens may live for two seconds.
 */
export const minAnnouncedMs = 1_000;
/** A server that refuses by a close frame, behind the 101 or an unacknowledged message, has done so by then. */
export const acceptanceMs = 5_000;
/** Ends that are this near count as reached: the clocks of client and server differ. */
const toleranceMs = 1_000;

/** Knows the end of a session, and when to renew it. */
export class SessionClock {
  readonly #timer = new Timer();
  #endsAt = Infinity;
  #renewAt = Infinity;

  /** @param onDue called when the time has come, or is long past because the machine was asleep */
  constructor(private readonly onDue: () => void) {}

  /** Takes the end that the server has sent; the session is valid at this moment. */
  set(expiresAt: number | null | undefined): void {
    // If it is over by this clock, the clock is wrong, and there is nothing to learn from it.
    this.#endsAt = expiresAt && expiresAt > Date.now() ? expiresAt : Infinity;
    this.postpone();
  }

  /** Puts the next renewal off, as the remaining time allows. */
  postpone(): void {
    const delayMs = Math.max((this.#endsAt - Date.now()) * renewalShare, minRenewalMs);
    this.#renewAt = Date.now() + delayMs;
    this.#timer.start(delayMs, this.onDue);
  }

  get isOver(): boolean {
    return Date.now() >= this.#endsAt;
  }

  /** Whether the end is reached, or will be before a message arrives. */
  get isAtEnd(): boolean {
    return Date.now() >= this.#endsAt - toleranceMs;
  }

  get isDue(): boolean {
    return Date.now() >= this.#renewAt;
  }

  stop(): void {
    this.#timer.stop();
  }
}
