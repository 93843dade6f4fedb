/** Longest delay of a timer; a longer one would fire at once. */
const maxDelayMs = 2 ** 31 - 1;
/** Part of the remaining life after which a session is renewed. */
const renewalShare = 0.8;
/** Renewals come at least this far apart: the server bounds how many it takes. */
const minRenewalMs = 3_000;
/** Ends that are this near count as reached: the clocks of client and server differ. */
const toleranceMs = 1_000;

/** Time from now to the next renewal of a session that has so much left. */
function renewalDelay(leftMs: number): number {
  return Math.max(leftMs * renewalShare, minRenewalMs);
}

/** Watches over the end of a session, and says when to renew it. */
export class SessionClock {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #endsAt = Infinity;
  #renewAt = Infinity;

  /** @param onDue called when the time has come, or is long past because the machine was asleep */
  constructor(private readonly onDue: () => void) {}

  /** Takes in what the server says of the session; it is valid at this moment. */
  set(expiresAt: number | null | undefined): void {
    // If it is over by this clock, the clock is wrong, and there is nothing to learn from it.
    this.#endsAt = expiresAt && expiresAt > Date.now() ? expiresAt : Infinity;
    this.postpone();
  }

  /** Puts the next renewal off, as the remaining time allows. */
  postpone(): void {
    this.stop();
    const delay = renewalDelay(this.#endsAt - Date.now());
    this.#renewAt = Date.now() + delay;
    if (delay < Infinity) {
      this.#timer = setTimeout(this.onDue, Math.min(delay, maxDelayMs));
    }
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
    clearTimeout(this.#timer);
  }
}
