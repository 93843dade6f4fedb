import { closeActionOf, expiredReason } from '../protocol/close-code.js';
import type { End } from './next-step.js';
import type { Settings } from './options.js';
import { authenticateMessage } from './own-client.js';
import { statusActionOf, statusIn } from './refused-upgrade.js';
import { SessionClock } from './session-clock.js';
import { sessionMessageIn } from './session-message.js';
import { askForToken } from './token-source.js';
import type { SocketData, SocketEvent, WebSocketLike } from './web-socket.js';

/** What an attempt tells. */
export interface AttemptListener {
  /** The connection is open, and the server is judging the token. */
  authenticating(): void;
  /** The server has accepted a token, or says anew when the session ends. */
  told(expiresAt: number | null | undefined): void;
  message(data: unknown): void;
  /** Told once, unless the attempt is abandoned. */
  ended(end: End): void;
}

const openState = 1;
/** Some failures fire `error` and no `close`. */
const closeGraceMs = 1_000;
/**
 * A connection that was open for so long was accepted, even if the server said nothing: it may refuse by a close frame behind
 * the 101, or behind a first message that it does not acknowledge.
 */
const acceptanceMs = 5_000;

/** One connection, from its token to its end. */
export class Attempt {
  readonly #preparing = new AbortController();
  readonly #clock = new SessionClock(() => void this.renew());
  #socket: WebSocketLike | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #status = 0;
  #isOver = false;
  #isAccepted = false;
  #isRenewing = false;
  #openedAt = Infinity;

  constructor(
    private readonly url: string,
    private readonly settings: Settings,
    private readonly listener: AttemptListener,
  ) {}

  /** Obtains a token and connects. */
  async begin(refused: boolean): Promise<void> {
    if (this.#isOver) {
      return;
    }
    try {
      const token = await askForToken(this.settings.token, refused);
      if (token) {
        await this.#prepare(token);
      } else {
        this.#end(3000, 'not logged in', { unauthenticated: true });
      }
    } catch (cause) {
      this.#end(1006, 'no token', { cause });
    }
  }

  get protocol(): string {
    return this.#socket?.protocol ?? '';
  }

  get bufferedAmount(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  applyBinaryType(): void {
    const { binaryType } = this.settings;
    if (this.#socket && binaryType) {
      this.#socket.binaryType = binaryType;
    }
  }

  /** Sends if the session allows it, and says whether it did. */
  send(data: SocketData): boolean {
    const canSend = this.#canSend;
    if (canSend) {
      this.#socket!.send(data);
    }
    return canSend;
  }

  get #canSend(): boolean {
    return this.#openedAt < Infinity && this.#socket?.readyState === openState;
  }

  /** Sends a new token on the open connection. */
  async renew(): Promise<void> {
    if (this.#isRenewing || !this.#canSend) {
      return;
    }
    this.#isRenewing = true;
    const token = await askForToken(this.settings.token, false).catch(() => undefined);
    if (this.#isOver) {
      return;
    }
    if (token && this.send(authenticateMessage(token, this.settings.events.authenticate))) {
      this.#expectAnswer();
    } else {
      this.#isRenewing = false;
      this.#clock.postpone();
    }
  }

  /**
   * Looks at the clock after a time in which timers may have stood still, or on a network that is another one. Only here
   * the clock ends a session: at any other time the server does, and a clock that is ahead would end what is valid.
   */
  wake(isOnline: boolean): void {
    if (this.#openedAt < Infinity && (isOnline || this.#clock.isDue)) {
      if (this.#clock.isOver) {
        this.#end(3000, expiredReason);
      } else {
        void this.renew();
      }
    }
  }

  close(code: number, reason: string): void {
    this.#socket?.close(code, reason);
  }

  /** Ends it, and tells nobody. The listeners stay: `ws` would throw an error that nobody hears. */
  abandon(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#clock.stop();
    this.#preparing.abort();
    this.#socket?.close();
  }

  async #prepare(token: string): Promise<void> {
    if (this.#isOver) {
      return;
    }
    this.#expectAnswer();
    const { via } = this.settings;
    const status = (await via.prepare?.(token, this.#preparing.signal).catch(() => 500)) ?? 200;
    if (status < 300) {
      this.#connect(token);
    } else {
      this.#status = status;
      this.#end(1006, '');
    }
  }

  /** Errors of the constructor quote the URL, and with it the token: they are told to nobody. */
  #connect(token: string): void {
    if (this.#isOver) {
      return;
    }
    const { via, protocols, WebSocket } = this.settings;
    try {
      this.#socket = new WebSocket(
        via.url?.(this.url, token) ?? this.url,
        via.protocols?.(protocols, token) ?? [...protocols],
      );
      this.applyBinaryType();
      this.#listen('open', () => this.#opened(token));
      this.#listen('message', ({ data }) => this.#received(data));
      this.#listen('error', ({ message }) => this.#failed(message));
      this.#listen('close', ({ code = 1006, reason = '', wasClean = false }) =>
        this.#end(code, reason, { wasClean }),
      );
    } catch {
      this.#end(1006, 'no WebSocket', { action: 'terminal' });
    }
  }

  #listen(type: string, listener: (event: SocketEvent) => void): void {
    this.#socket!.addEventListener(type, (event) => {
      if (!this.#isOver) {
        listener(event);
      }
    });
  }

  #opened(token: string): void {
    const { via, events } = this.settings;
    if (via.message) {
      this.listener.authenticating();
      this.#socket!.send(via.message(token, events.authenticate));
    }
    if (!via.acknowledged && !this.#isOver) {
      this.#authenticated(undefined);
    }
  }

  #received(data: unknown): void {
    const told = sessionMessageIn(data, this.settings.events);
    this.#isAccepted = true;
    if (!told) {
      this.listener.message(data);
    } else if (told.accepted) {
      this.#authenticated(told.expiresAt);
    } else {
      this.#clock.set(told.expiresAt);
      this.listener.told(told.expiresAt);
      void this.renew();
    }
  }

  #authenticated(expiresAt: number | null | undefined): void {
    clearTimeout(this.#timer);
    this.#isRenewing = false;
    this.#openedAt = Math.min(this.#openedAt, Date.now());
    this.#clock.set(expiresAt);
    this.listener.told(expiresAt);
  }

  #failed(message = ''): void {
    this.#status = statusIn(message);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end(1006, ''), closeGraceMs);
  }

  #expectAnswer(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end(1006, 'no answer'), this.settings.timeoutMs);
  }

  #end(code: number, reason: string, more: Partial<End> = {}): void {
    if (this.#isOver) {
      return;
    }
    const openMs = Math.max(0, Date.now() - this.#openedAt);
    const isExpiry = reason === expiredReason;
    this.abandon();
    this.listener.ended({
      code,
      reason: this.#status ? `refused with ${this.#status}` : reason,
      wasClean: false,
      action: statusActionOf(this.#status) ?? closeActionOf(code, this.settings.closeActions),
      accepted: this.#isAccepted || isExpiry || openMs >= acceptanceMs,
      expired: isExpiry || this.#clock.isAtEnd,
      openMs,
      ...more,
    });
  }
}
