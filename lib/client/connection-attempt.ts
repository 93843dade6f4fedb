import { closeActionOf, expiredReason } from '../protocol/close-code.js';
import type { AttemptListener } from './attempt-listener.js';
import { Connection } from './connection.js';
import { causeIn, refusedWith } from './failure.js';
import type { End } from './next-step.js';
import type { Settings } from './options.js';
import { authenticateMessage } from './own-client.js';
import { Pulse } from './pulse.js';
import { acceptanceMs, minRenewalMs, SessionClock } from './session-clock.js';
import { sessionMessageIn } from './session-message.js';
import { Timer } from './timer.js';
import { askForToken, type Token } from './token-source.js';
import { needsTokenFirst } from './way.js';
import type { SocketData } from './web-socket.js';

/** One connection, from its token to its end. */
export class ConnectionAttempt {
  readonly #preparing = new AbortController();
  readonly #clock = new SessionClock(() => void this.renew());
  readonly #deadline = new Timer();
  readonly #onSilence = () => this.#end(1006, 'no answer');
  readonly #pulse: Pulse;
  connection: Connection | undefined;
  #isOver = false;
  #isAccepted = false;
  /** Whether the connection is open, and waits for the token. */
  #isAsking = false;
  #isRenewing = false;
  #renewedAt = 0;
  #hasSession = false;
  #openedAt = Infinity;
  #token: Token;

  constructor(
    private readonly url: string,
    private readonly settings: Settings,
    private readonly listener: AttemptListener,
    private readonly refused: boolean,
  ) {
    this.#pulse = new Pulse(settings, (ping) => this.send(ping), this.#onSilence);
  }

  /** Connects, and obtains a token: in this order if the token is in a message. It ages while it waits. */
  begin(): void {
    if (needsTokenFirst(this.settings.via)) {
      void this.#obtain(this.refused, (token) => this.#prepare(token));
    } else {
      this.#connect('');
    }
  }

  /** Sends if the session allows it, and returns whether it did. */
  send(data: SocketData): boolean {
    const canSend = this.#hasSession && this.connection!.isOpen;
    if (canSend) {
      this.connection!.socket.send(data);
    }
    return canSend;
  }

  /** Sends a new token on the open connection. */
  async renew(): Promise<void> {
    if (this.#isRenewing || !this.#hasSession || !this.connection!.isOpen) {
      return;
    }
    this.#isRenewing = true;
    this.#renewedAt = Date.now();
    const send = (token: string) => {
      this.send(authenticateMessage(token, this.settings.events.authenticate));
      this.#expectAnswer();
    };
    await this.#obtain(false, send, () => {
      this.#isRenewing = false;
      this.#clock.postpone();
    });
  }

  /**
   * Checks clock and server after timers may have stood still, or on another network. Only here the clock ends a session:
   * the server does so otherwise, and a clock that is ahead would end what is valid.
   */
  wake(): void {
    if (this.#clock.isOver) {
      this.#end(3000, expiredReason);
      return;
    }
    if (this.#clock.isDue) {
      void this.renew();
    }
    this.#pulse.probe();
  }

  /** Begins the closing handshake. A peer that is gone does not answer it. */
  close(code: number, reason: string): void {
    this.connection?.socket.close(code, reason);
    this.#expectAnswer();
  }

  /** Ends it without a report. */
  abandon(): void {
    this.#isOver = true;
    this.#deadline.stop();
    this.#clock.stop();
    this.#pulse.stop();
    this.#preparing.abort();
    this.connection?.leave();
  }

  /** Obtains a token and goes on with it. Without one the user is not logged in, and the attempt ends. */
  async #obtain(
    refused: boolean,
    use: (token: string) => unknown,
    failed = (cause: unknown) => this.#end(1006, 'no token', { cause }),
  ): Promise<void> {
    if (this.#isOver) {
      return;
    }
    const next = await askForToken(this.settings.token, refused).then(
      (token) => () => {
        this.#token = token;
        return token ? use(token) : this.#end(3000, 'not logged in', { unauthenticated: true });
      },
      (cause: unknown) => () => failed(cause),
    );
    this.#isAsking = false;
    if (!this.#isOver) next();
  }

  async #prepare(token: string): Promise<void> {
    this.#expectAnswer();
    try {
      const status = (await this.settings.via.prepare?.(token, this.#preparing.signal)) ?? 200;
      return status < 300 ? this.#connect(token) : this.#end(1006, ...refusedWith(status));
    } catch (error) {
      this.#end(1006, 'not prepared', { cause: causeIn(error) });
    }
  }

  /** @param token empty if it is obtained later */
  #connect(token: string): void {
    if (this.#isOver) {
      return;
    }
    this.#expectAnswer();
    try {
      this.connection = new Connection(this.url, this.settings, token, {
        opened: () => this.#opened(token),
        received: (data) => this.#received(data),
        lost: (code, reason, more) => this.#lost(code, reason, more),
      });
    } catch (error) {
      this.#end(1006, 'no WebSocket', { action: 'terminal', cause: causeIn(error) });
    }
  }

  #opened(token: string): void {
    if (!this.settings.via.message) {
      this.#authenticated();
    } else if (token) {
      this.#authenticate(token);
    } else {
      this.#deadline.stop();
      this.#isAsking = true;
      void this.#obtain(this.refused, (obtained) =>
        this.connection!.isOpen ? this.#authenticate(obtained) : this.#connect(obtained),
      );
    }
  }

  /** A way that throws ends the attempt: on Node.js its exception would end the program. */
  #authenticate(token: string): void {
    const { via, events } = this.settings;
    this.listener.authenticating();
    if (this.#isOver) {
      return;
    }
    this.#expectAnswer();
    try {
      this.connection!.socket.send(via.message!(token, events.authenticate));
      if (!via.acknowledged) {
        this.#authenticated();
      }
    } catch (error) {
      this.#end(1006, 'not prepared', { cause: causeIn(error) });
    }
  }

  #received(data: unknown): void {
    const told = sessionMessageIn(data, this.settings.events);
    this.#isAccepted = true;
    if (this.#hasSession) this.#pulse.beat();
    if (told && 'closesInMs' in told) {
      this.listener.draining(told.closesInMs);
    } else if (told?.accepted) {
      this.#authenticated(told.expiresAt);
    } else if (told && this.#hasSession) {
      this.#clock.set(told.expiresAt);
      this.listener.told(told.expiresAt);
      if (Date.now() - this.#renewedAt >= minRenewalMs) {
        void this.renew();
      }
    } else if (data !== this.#pulse.ping) {
      this.listener.message(data);
    }
  }

  #authenticated(expiresAt?: number | null): void {
    this.#deadline.stop();
    this.#isRenewing = false;
    this.#hasSession = true;
    this.#openedAt = Math.min(this.#openedAt, Date.now());
    this.#clock.set(expiresAt);
    this.#pulse.beat();
    this.listener.told(expiresAt);
  }

  #expectAnswer(): void {
    this.#deadline.start(this.settings.timeoutMs, this.#onSilence);
  }

  /** A login may take longer than the server waits: the token that it brings is used on another connection. */
  #lost(code: number, reason: string, more: Partial<End>): void {
    const action = closeActionOf(code, this.settings.closeActions);
    if (this.#isAsking && action !== 'terminal') {
      this.connection!.leave();
    } else {
      this.#end(code, reason, { action, ...more });
    }
  }

  #end(code: number, reason: string, more: Partial<End> = {}): void {
    if (this.#isOver) {
      return;
    }
    const openMs = Math.max(0, Date.now() - this.#openedAt);
    this.abandon();
    this.listener.ended({
      code,
      reason,
      wasClean: false,
      action: closeActionOf(code),
      accepted: this.#isAccepted || reason === expiredReason || openMs >= acceptanceMs,
      expired: reason === expiredReason || this.#clock.isAtEnd,
      openMs,
      token: this.#token,
      ...more,
    });
  }
}
