import { Attempt } from './attempt.js';
import { Deferred } from './deferred.js';
import { MessageQueue } from './message-queue.js';
import { nextStep, type End, type History, type NextAttempt, type Surrender } from './next-step.js';
import { settle, type ConnectOptions, type Settings } from './options.js';
import { onWake } from './on-wake.js';
import { TypedEventTarget, type ClosingDetails, type WsAuthSocketEvents } from './socket-events.js';
import {
  closing,
  readyStates,
  type WsAuthSocketSession,
  type WsAuthSocketState,
} from './socket-state.js';
import type { SocketData } from './web-socket.js';

/** Events that have a property as well, as those of a WebSocket. */
const handled = ['open', 'message', 'error', 'close'] as const;

/**
 * A WebSocket that authenticates, renews its session and connects again. {@link connect} makes it.
 *
 * It is open while it is authenticated. Its `close` event comes once, when there will be no other connection.
 *
 * @publicApi
 */
export class WsAuthSocket extends TypedEventTarget {
  /** Called for each `open`. */
  onopen: ((event: WsAuthSocketEvents['open']) => void) | null = null;
  /** Called for each `message`. */
  onmessage: ((event: WsAuthSocketEvents['message']) => void) | null = null;
  /** Called for `error`. */
  onerror: ((event: WsAuthSocketEvents['error']) => void) | null = null;
  /** Called for `close`. */
  onclose: ((event: WsAuthSocketEvents['close']) => void) | null = null;

  readonly #settings: Settings;
  readonly #queue: MessageQueue;
  /** Ends the listeners on the signal and on the page. */
  readonly #listening = new AbortController();
  #state: WsAuthSocketState = 'connecting';
  #isClosing = false;
  #session: WsAuthSocketSession | undefined;
  #authenticated = new Deferred<WsAuthSocketSession>();
  #attempt: Attempt | undefined;
  #history: History = { failures: 0, refused: false };
  #timer: ReturnType<typeof setTimeout> | undefined;
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
    for (const type of handled) {
      this.addEventListener(type, (event) => this[`on${type}`]?.(event as never));
    }
    const { signal } = this.#listening;
    const abort = () => this.#finish({ code: 1000, reason: 'aborted', wasClean: false });
    options.signal?.addEventListener('abort', abort, { signal });
    onWake((isOnline) => this.#wake(isOnline), signal);
    // Later, so that whoever asked can listen to the first event.
    queueMicrotask(() => (options.signal?.aborted ? abort() : this.#connect()));
  }

  /** Where the socket is. */
  get state(): WsAuthSocketState {
    return this.#state;
  }

  /** As of a WebSocket: `OPEN` while authenticated, `CONNECTING` while it waits, `CLOSED` when it is over. */
  get readyState(): number {
    return this.#isClosing ? closing : (readyStates[this.#state] ?? 0);
  }

  /** Resolves when the socket is authenticated, at once if it is; rejects when it is closed for good. */
  get authenticated(): Promise<WsAuthSocketSession> {
    return this.#authenticated.promise;
  }

  /** The session, while there is one. */
  get session(): WsAuthSocketSession | undefined {
    return this.#session;
  }

  /** The subprotocol that the server has chosen. */
  get protocol(): string {
    return this.#attempt?.protocol ?? '';
  }

  /** Bytes that are not sent yet: those that wait here, and those that wait in the connection. */
  get bufferedAmount(): number {
    return this.#queue.bytes + (this.#attempt?.bufferedAmount ?? 0);
  }

  /** As of a WebSocket, for this connection and those to come; empty if nobody has set it. */
  get binaryType(): string {
    return this.#settings.binaryType;
  }

  /** Applies to the connection at once. */
  set binaryType(type: string) {
    this.#settings.binaryType = type;
    this.#attempt?.applyBinaryType();
  }

  /**
   * Sends a message, or keeps it until the socket is authenticated. A message that is on its way when the connection is lost
   * may be lost with it. After the end messages are dropped, as by a WebSocket. What is kept is no copy: do not change a
   * buffer before it is sent.
   *
   * @throws {DOMException} `InvalidStateError` if the socket is not authenticated and may keep no more messages.
   */
  send(data: SocketData): void {
    const isOver = this.readyState >= closing;
    if (!isOver && !this.#attempt?.send(data)) {
      this.#queue.add(data);
    }
  }

  /** Sends a new token on the open connection, before its time: when the user's rights have changed. */
  renew(): void {
    void this.#attempt?.renew();
  }

  /**
   * Closes the socket for good.
   *
   * @param code 1000, or 3000 to 4999; a connection throws for another one
   */
  close(code = 1000, reason = ''): void {
    if (this.#state === 'open') {
      this.#attempt!.close(code, reason);
      this.#isClosing = true;
    } else {
      this.#finish({ code, reason, wasClean: true });
    }
  }

  #connect(): void {
    if (this.#state === 'closed') {
      return;
    }
    clearTimeout(this.#timer);
    this.#attempt = new Attempt(this.url, this.#settings, {
      authenticating: () => this.#turn('authenticating'),
      told: (expiresAt) => this.#enter({ expiresAt }),
      message: (data) => this.#emit('message', { data }),
      ended: (end) => this.#proceed(end),
    });
    this.#turn('connecting');
    void this.#attempt.begin(this.#history.refused);
  }

  #enter(session: WsAuthSocketSession): void {
    this.#session = session;
    if (this.#state === 'open') {
      this.#emit('session');
      return;
    }
    this.#state = 'open';
    this.#queue.drain().forEach((message) => this.send(message));
    this.#authenticated.resolve(session);
    this.#emit('open');
  }

  #proceed(end: End): void {
    const step = nextStep(end, this.#history, this.#settings);
    if (this.#isClosing) {
      this.#finish(end);
    } else if (step.again) {
      this.#wait(end, step);
    } else {
      this.#giveUp(end, step);
    }
  }

  #wait({ code, reason, cause }: End, { delayMs, history }: NextAttempt): void {
    this.#leave();
    this.#history = history;
    this.#dueAt = Date.now() + delayMs;
    this.#timer = setTimeout(() => this.#connect(), delayMs);
    this.#turn('waiting', { delayMs, failures: history.failures, code, reason, cause });
  }

  #leave(): void {
    this.#session = undefined;
    if (this.#state === 'open') {
      this.#authenticated = new Deferred();
    }
  }

  #wake(isOnline: boolean): void {
    if (this.#state !== 'waiting') {
      this.#attempt?.wake(isOnline);
    } else if (isOnline || Date.now() >= this.#dueAt) {
      this.#connect();
    }
  }

  #giveUp(end: End, { unauthenticated }: Surrender): void {
    this.#tearDown(end);
    if (unauthenticated) {
      // Not in this call, which would take what it throws for a failure of its own and lose it; before who awaits `close`.
      queueMicrotask(() => this.#settings.onUnauthenticated?.());
    }
    if (end.code !== 1000) {
      this.#emit('error');
    }
    this.#emitClose(end);
  }

  #finish(details: ClosingDetails): void {
    if (this.#state !== 'closed') {
      this.#tearDown(details);
      this.#emitClose(details);
    }
  }

  #tearDown({ code, reason }: ClosingDetails): void {
    this.#leave();
    this.#state = 'closed';
    this.#isClosing = false;
    clearTimeout(this.#timer);
    this.#listening.abort();
    this.#queue.drain();
    this.#attempt?.abandon();
    const cause = { code, reason };
    this.#authenticated.reject(new Error(`closed with ${code} ${reason}`, { cause }));
  }

  #emitClose({ code, reason, wasClean, cause }: ClosingDetails): void {
    this.#emit('close', { code, reason, wasClean, cause });
  }

  #turn(state: 'connecting' | 'authenticating' | 'waiting', details?: object): void {
    this.#state = state;
    this.#emit(state, details);
  }

  #emit(type: keyof WsAuthSocketEvents, details?: object): void {
    this.dispatchEvent(Object.assign(new Event(type), details));
  }
}
