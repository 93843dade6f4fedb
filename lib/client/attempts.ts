import { ConnectionAttempt } from './connection-attempt.js';
import { fullJitter, type End } from './next-step.js';
import type { Settings } from './options.js';
import { Timer } from './timer.js';

/** What the connections of a socket report. */
export interface AttemptsListener {
  authenticating(): void;
  /** @param isOther whether it is another connection than before, of a socket that has been open all the time */
  told(expiresAt: number | null | undefined, isOther: boolean): void;
  message(data: unknown): void;
  /** The connection was lost, and another one is on its way already. */
  replaced(): void;
  ended(end: End): void;
}

/** Time in milliseconds after which a connection is left that the server has announced to close, and has not closed. */
const graceMs = 5_000;

/**
 * The connections of a socket: the present one, and while its server shuts down the next one. The next takes its place once it is
 * authenticated. On the former one the answers of the server still arrive, until the server closes it.
 */
export class Attempts {
  readonly #retry = new Timer();
  readonly #farewell = new Timer();
  #closesInMs = 0;
  #failures = 0;
  #next: ConnectionAttempt | undefined;
  #former: ConnectionAttempt | undefined;
  present: ConnectionAttempt | undefined;

  constructor(
    private readonly url: string,
    private readonly settings: Settings,
    private readonly listener: AttemptsListener,
  ) {}

  /** Puts a new connection in place of all others. It has yet to begin. */
  renew(refused: boolean): ConnectionAttempt {
    this.stop();
    this.#failures = 0;
    this.present?.abandon();
    this.present = this.#make(refused);
    return this.present;
  }

  /** Leaves all connections but the present one. */
  stop(): void {
    this.#next?.abandon();
    this.#next = undefined;
    this.#retry.stop();
    this.#farewell.stop();
    this.#former?.abandon();
  }

  #make(refused: boolean): ConnectionAttempt {
    const { listener } = this;
    const isPresent = () => attempt === this.present;
    const attempt: ConnectionAttempt = new ConnectionAttempt(
      this.url,
      this.settings,
      {
        authenticating: () => isPresent() && listener.authenticating(),
        told: (expiresAt) => {
          const isNext = attempt === this.#next;
          if (isNext) {
            this.#replace(attempt);
          }
          if (isPresent()) {
            listener.told(expiresAt, isNext);
          }
        },
        message: (data) => listener.message(data),
        draining: (closesInMs) => isPresent() && this.#moveWithin(closesInMs),
        ended: (end) => this.#ended(attempt, end),
      },
      refused,
    );
    return attempt;
  }

  /** A server that sends its clients on as soon as they have come is not given more connections than one that refuses them. */
  #moveWithin(closesInMs: number): void {
    this.#closesInMs = closesInMs;
    if (this.#failures) {
      this.#connectLater();
    } else {
      this.#connectElsewhere();
    }
  }

  #connectLater(): void {
    const delayMs = fullJitter(this.#failures, this.settings);
    this.#retry.start(delayMs, () => this.#connectElsewhere());
  }

  #connectElsewhere(): void {
    if (!this.#next) {
      this.#next = this.#make(false);
      this.#next.begin();
    }
  }

  #replace(next: ConnectionAttempt): void {
    const former = this.present;
    this.#next = undefined;
    this.#failures += 1;
    this.#former?.abandon();
    this.#former = former;
    this.#farewell.start(this.#closesInMs + graceMs, () => {
      former?.abandon();
      this.#failures = 0;
    });
    this.present = next;
  }

  #ended(attempt: ConnectionAttempt, end: End): void {
    const next = this.#next;
    if (attempt === next) {
      // The way may still lead to the server that shuts down.
      this.#next = undefined;
      this.#failures += 1;
      this.#connectLater();
    } else if (attempt === this.present && next && end.action === 'backOff') {
      this.#next = undefined;
      this.present = next;
      this.listener.replaced();
    } else if (attempt === this.present) {
      this.stop();
      this.listener.ended(end);
    }
  }
}
