import { expiredReason } from '../../protocol/close-code.js';
import {
  fullJitter,
  nextStep,
  type History,
  type NextAttempt,
  type Patience,
} from '../next-step.js';
import { minAnnouncedMs } from '../session-clock.js';
import { Timer } from '../timer.js';
import { askForToken, type Token, type TokenSource } from '../token-source.js';
import { isExpiring, renewalPing, type PingPayload } from './pings.js';
import type { SubscriptionParams } from './subscription-params.js';

/** What decides how a client comes back. */
export interface SubscriptionSettings {
  readonly token: TokenSource;
  readonly onUnauthenticated: () => void;
  readonly patience: Patience;
}

/** The part of a WebSocket that renewals are sent by. */
interface Sending {
  readonly readyState: number;
  send(message: string): void;
  close(code: number, reason: string): void;
}

/** The part of a close event that is read. */
interface Closing {
  readonly code?: number;
  readonly reason?: string;
  readonly target?: object;
}

/** `OPEN` of a WebSocket. */
const open = 1;
/** The code with which the server asks for a newer token. */
const forbidden = 4403;
/** The code with which the client leaves without a user. The official client would take 1000 for its own end, and retry. */
const loggedOut = 3000;
/** The code of a connection that was lost, or refused before it was open. */
const lost = 1006;

/** What an official client remembers from one connection to the next. */
export class SubscriptionLife {
  /** Sockets whose end was decided about: their close event may come after the next connection has begun. */
  readonly #ended = new WeakSet<object>();
  #history: History = { failures: 0, refused: false };
  #next: NextAttempt | undefined;
  #socket: Sending | undefined;
  #token: Token;
  #isOver = true;
  #acceptedAt: number | undefined;
  #expiresAt = Number.POSITIVE_INFINITY;
  #isLoggedOut = false;
  #renewedAt = 0;

  constructor(private readonly settings: SubscriptionSettings) {}

  get params(): SubscriptionParams {
    return {
      connectionParams: () => this.#connectionParams(),
      shouldRetry: () => this.#next !== undefined,
      retryWait: () => after(this.#next?.delayMs ?? 0),
      retryAttempts: Number.POSITIVE_INFINITY,
      on: {
        connecting: () => this.#connecting(),
        opened: (socket) => (this.#socket = socket as Sending),
        connected: (_socket, payload) => this.#connected(payload),
        ping: (received, payload) => this.#pinged(received, payload),
        error: () => this.#end({}),
        closed: (event) => this.#end(event as Closing),
      },
    };
  }

  #connecting(): void {
    this.#isOver = false;
    this.#socket = undefined;
    this.#acceptedAt = undefined;
    this.#isLoggedOut = false;
  }

  /** Only a user who is logged out ends the client: what is thrown here ends the connection. */
  async #connectionParams(): Promise<Record<string, unknown>> {
    this.#token = await this.#askUntilClosed();
    if (this.#token === undefined || this.#token === null) {
      this.#isLoggedOut = true;
      throw new Error('no user is logged in');
    }
    return { token: this.#token };
  }

  /**
   * Asks again for a token that cannot be had at present. Throwing would have the official client close with 4005, and take the close
   * event for the end of its next connection.
   */
  async #askUntilClosed(): Promise<Token> {
    const { token, patience } = this.settings;
    const socket = this.#socket;
    for (let failures = 0; ; failures += 1) {
      try {
        return await askForToken(token, this.#history.refused);
      } catch {
        await after(fullJitter(failures, patience));
      }
      if (this.#socket !== socket || this.#isOver) {
        // The connection has ended, and nothing is sent.
        return '';
      }
    }
  }

  #connected(payload: unknown): void {
    const { expiresAt } = (payload ?? {}) as { readonly expiresAt?: number | null };
    this.#acceptedAt = Date.now();
    this.#expiresAt = expiresAt ?? Number.POSITIVE_INFINITY;
  }

  #pinged(received: boolean, payload: PingPayload): void {
    if (received && isExpiring(payload) && Date.now() - this.#renewedAt >= minAnnouncedMs) {
      this.#renewedAt = Date.now();
      // A token that cannot be had now is asked for again after the end of the session.
      this.#renew().catch(() => undefined);
    }
  }

  async #renew(): Promise<void> {
    const socket = this.#socket;
    const token = await askForToken(this.settings.token, false);
    if (socket?.readyState !== open) {
      return;
    }
    this.#token = token;
    if (token) {
      this.#expiresAt = Number.POSITIVE_INFINITY;
      socket.send(renewalPing(token));
    } else {
      this.#isLoggedOut = true;
      socket.close(loggedOut, 'no user is logged in');
    }
  }

  /** An error comes before the close event of its connection, and counts once. */
  #end({ code = lost, reason = '', target }: Closing): void {
    if (this.#isOver || (target && this.#ended.has(target))) {
      return;
    }
    this.#isOver = true;
    if (this.#socket) {
      this.#ended.add(this.#socket);
    }
    const acceptedAt = this.#acceptedAt;
    const end = {
      code,
      reason,
      wasClean: code !== lost,
      action: code === forbidden ? 'newToken' : 'backOff',
      unauthenticated: this.#isLoggedOut,
      accepted: acceptedAt !== undefined,
      expired: reason === expiredReason || Date.now() >= this.#expiresAt,
      openMs: acceptedAt === undefined ? 0 : Math.max(0, Date.now() - acceptedAt),
      token: this.#token,
    } as const;
    const step = nextStep(end, this.#history, this.settings.patience);
    this.#next = step.again ? step : undefined;
    if (step.again) {
      this.#history = step.history;
    } else if (step.unauthenticated) {
      this.settings.onUnauthenticated();
    }
  }
}

/** Never, after an infinite delay. */
function after(delayMs: number): Promise<void> {
  return new Promise((resolve) => new Timer().start(delayMs, resolve));
}
