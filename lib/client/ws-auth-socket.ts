import { Attempts } from './attempts.js';
import { Deferred } from './deferred.js';
import { MessageQueue } from './message-queue.js';
import { nextStep, type End, type History, type NextAttempt, type Surrender } from './next-step.js';
import { settle, type ConnectOptions, type Settings } from './options.js';
import { onWake } from './on-wake.js';
import { onAbort } from './on-abort.js';
import { checkSendable } from './socket-data.js';
import { SocketEventTarget } from './socket-event-target.js';
import type { ClosingDetails } from './socket-events.js';
import type { WsAuthSocketSession, WsAuthSocketState } from './socket-state.js';
import { Timer } from './timer.js';
import type { SocketData, WebSocketLike } from './web-socket.js';

/**
 * A WebSocket that authenticates, renews its session and connects again. {@link connect} makes it.
 *
 * It is open while it is authenticated. Its `close` event comes once, when there will be no other connection.
 *
 * @publicApi
 */
export class WsAuthSocket extends SocketEventTarget {
  readonly #settings: Settings;
  readonly #queue: MessageQueue;
  /** Ends the listeners on the page. */
  readonly #listening = new AbortController();
  readonly #timer = new Timer();
  readonly #attempts: Attempts;
  #state: WsAuthSocketState = 'connecting';
  #isClosing = false;
  #session: WsAuthSocketSession | undefined;
  #authenticated = new Deferred<WsAuthSocketSession>();
  #history: History = { failures: 0, refused: false };
  #dueAt = 0;

  /** @internal */
  constructor(
    /** The URL of the gateway, without a token. */
    readonly url: string,
    options: ConnectOptions,
  ) {
    super();
    this.#settings = settle(options);
    this.#queue = new MessageQueue(this.#settings);
    this.#attempts = new Attempts(url, this.#settings, {
      authenticating: () => this.#turn('authenticating'),
      told: (expiresAt, isOther) => this.#enter({ expiresAt }, isOther),
      message: (data) => this.#isClosing || this.emit('message', { data }),
      replaced: () => {
        this.#leave();
        this.#turn('connecting');
      },
      ended: (end) => this.#proceed(end),
    });
    const { signal: stop } = this.#listening;
    const { signal } = this.#settings;
    const abort = () => this.#finish({ code: 1000, reason: 'aborted', wasClean: false });
    stop.addEventListener('abort', onAbort(signal, abort));
    onWake((isOnline) => this.#wake(isOnline), stop);
    // Later, so that the caller can listen to the first event.
    queueMicrotask(() => (signal.aborted ? abort() : this.#connect()));
  }

  /** Where the socket is. */
  get state(): WsAuthSocketState {
    return this.#state;
  }

  /** The state as a number, as of a WebSocket: `OPEN` while authenticated, `CONNECTING` while it waits, `CLOSED` when it is over. */
  get readyState(): number {
    if (this.#state === 'closed') {
      return 3;
    }
    return this.#state === 'open' ? (this.#isClosing ? 2 : 1) : 0;
  }

  /** Resolves when the socket is authenticated, immediately if it is; rejects when it is closed for good. */
  get authenticated(): Promise<WsAuthSocketSession> {
    return this.#authenticated.promise;
  }

  /** The session, while there is one. */
  get session(): WsAuthSocketSession | undefined {
    return this.#session;
  }

  /** The subprotocol that the server has chosen. */
  get protocol(): string {
    return this.#webSocket?.protocol ?? '';
  }

  /** Bytes that are not sent yet: those that wait here, and those that wait in the connection. */
  get bufferedAmount(): number {
    return this.#queue.bytes + (this.#webSocket?.bufferedAmount ?? 0);
  }

  /** The form of binary messages, for this connection and those to come; empty if it was not set. */
  get binaryType(): string {
    return this.#settings.binaryType;
  }

  /** Applies to the present connection, too. */
  set binaryType(type: string) {
    this.#settings.binaryType = type;
    if (type && this.#webSocket) {
      this.#webSocket.binaryType = type;
    }
  }

  get #webSocket(): WebSocketLike | undefined {
    return this.#attempts.present?.connection?.socket;
  }

  /**
   * Sends a message, or keeps it until the socket is authenticated. A message that is on its way when the connection is lost
   * may be lost with it. After the end messages are dropped, as by a WebSocket. A kept message is not copied: do not
   * change a buffer before it is sent.
   *
   * @throws {TypeError} for what no WebSocket can send, such as an object, whatever the state is.
   * @throws an error with the name `InvalidStateError` if the socket is not authenticated and may keep no more messages.
   */
  send(data: SocketData): void {
    checkSendable(data);
    const isOver = this.readyState > this.OPEN;
    if (!isOver && !this.#attempts.present?.send(data)) {
      this.#queue.add(data);
    }
  }

  /** Sends a new token on the open connection, before its time: when the user's rights have changed. */
  renew(): void {
    void this.#attempts.present?.renew();
  }

  /**
   * Closes the socket for good.
   *
   * @throws {RangeError} for a code that an application may not send: all but 1000, and 3000 to 4999.
   */
  close(code = 1000, reason = ''): void {
    if (code !== 1000 && !(code >= 3000 && code <= 4999)) {
      throw new RangeError(`not a close code: ${code}`);
    }
    if (this.#state === 'open') {
      this.#attempts.stop();
      this.#attempts.present!.close(code, reason);
      this.#isClosing = true;
    } else {
      this.#finish({ code, reason, wasClean: true });
    }
  }

  #connect(): void {
    if (this.#state === 'closed') {
      return;
    }
    this.#timer.stop();
    const attempt = this.#attempts.renew(this.#history.refused);
    this.#turn('connecting');
    attempt.begin();
  }

  /** @param isOther whether the server has moved to another connection: the application sets up there what it has set up before */
  #enter(session: WsAuthSocketSession, isOther: boolean): void {
    this.#session = session;
    if (this.#state === 'open') {
      this.emit(isOther ? 'open' : 'session');
      return;
    }
    this.#state = 'open';
    this.#queue.drain().forEach((message) => this.send(message));
    this.#authenticated.resolve(session);
    this.emit('open');
  }

  #proceed(end: End): void {
    const step = nextStep(end, this.#history, this.#settings);
    if (this.#isClosing) {
      this.#finish(end);
    } else if (step.again) {
      this.#wait(end, step);
    } else {
      this.#finish(end, step);
    }
  }

  #wait({ code, reason, cause }: End, { delayMs, history }: NextAttempt): void {
    this.#leave();
    this.#history = history;
    this.#dueAt = Date.now() + delayMs;
    this.#timer.start(delayMs, () => this.#connect());
    this.#turn('waiting', { delayMs, failures: history.failures, code, reason, cause });
  }

  #leave(): void {
    this.#session = undefined;
    if (this.#state === 'open') {
      this.#authenticated = new Deferred();
    }
  }

  /** Another network may answer where an attempt on the one before hangs. */
  #wake(isOnline: boolean): void {
    if (this.#state === 'open') {
      this.#attempts.present!.wake();
    } else if (isOnline || (this.#state === 'waiting' && Date.now() >= this.#dueAt)) {
      this.#connect();
    }
  }

  /** @param surrender if the socket gives up by itself */
  #finish({ code, reason, wasClean, cause }: ClosingDetails, surrender?: Surrender): void {
    if (this.#state === 'closed') {
      return;
    }
    const details = { code, reason, wasClean, cause };
    this.#leave();
    this.#state = 'closed';
    this.#isClosing = false;
    this.#timer.stop();
    this.#listening.abort();
    this.#queue.drain();
    this.#attempts.stop();
    this.#attempts.present?.abandon();
    this.#authenticated.reject(new Error(`closed with ${code} ${reason}`, { cause: details }));
    if (surrender?.unauthenticated) {
      // In a microtask: its exception must not end this call. It still runs before code that awaits the `close` event.
      queueMicrotask(() => this.#settings.onUnauthenticated());
    }
    if (surrender && code !== 1000) {
      this.emit('error');
    }
    this.emit('close', details);
  }

  #turn(state: 'connecting' | 'authenticating' | 'waiting', details?: object): void {
    this.#state = state;
    this.emit(state, details);
  }
}
