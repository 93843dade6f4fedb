import type { IncomingMessage } from 'node:http';
import { WebSocket, type ClientOptions } from 'ws';
import { eventMessage, parseEventMessage } from '../protocol/message.js';
import { Deadlines } from './deadlines.js';
import { demandTestOptions } from './known-options.js';
import { FrameQueue } from './frame-queue.js';
import { readRefusedUpgrade, WsRefusedError, type RefusedUpgrade } from './ws-refused.error.js';

/** How a socket was closed. */
export interface SocketClosing {
  /** Code of the close frame; 1006 without one. */
  readonly code: number;
  /** Text of the close frame. */
  readonly reason: string;
}

/** A message in Nest's own format. */
export interface ReceivedEvent {
  /** Its name. */
  readonly event: string;
  /** Whatever the gateway has sent with it. */
  readonly data: unknown;
}

/** How a test client connects; besides, the options of `ws`. */
export interface WsTestClientOptions extends ClientOptions {
  /** Subprotocols to offer. */
  readonly protocols?: string | string[];
  /**
   * Longest wait in milliseconds for anything that the client is asked for, by the clock of the machine; `Infinity` waits
   * for ever. It should be shorter than the test may take, so that the failure names what did not arrive.
   *
   * @default 4_000
   */
  readonly timeoutMs?: number;
}

/** Runners give a test five seconds. */
const defaultTimeoutMs = 4_000;

/**
 * A WebSocket with a queue: it listens before anything can arrive, so a test misses no frame and never waits for time to
 * pass.
 *
 * @example
 * ```ts
 * await using client = new WsTestClient('ws://127.0.0.1:3000/chat');
 * client.emit('authenticate', { token: 'forged' });
 * const { code, reason } = await client.closed();
 * ```
 * @publicApi
 */
export class WsTestClient implements AsyncDisposable {
  /** The socket itself. Messages go to the queue as well. */
  readonly socket: WebSocket;
  readonly #deadlines: Deadlines;
  readonly #queue: FrameQueue;
  readonly #opened: Promise<void>;
  readonly #refused: Promise<RefusedUpgrade>;
  readonly #closed: Promise<SocketClosing>;
  #failure: Error | undefined;

  /**
   * Connects to any server; `connect()` and `connectAs()` connect to an application under test.
   *
   * @throws {WsAuthConfigurationError} for an unknown option.
   */
  constructor(url: string, options: WsTestClientOptions = {}) {
    demandTestOptions('WsTestClient', options);
    const { protocols = [], timeoutMs = defaultTimeoutMs, ...socketOptions } = options;
    this.#deadlines = new Deadlines(timeoutMs);
    this.#queue = new FrameQueue(this.#deadlines);
    this.socket = new WebSocket(url, protocols, socketOptions);
    this.socket.on('message', (data: Buffer, isBinary) => this.#queue.push({ data, isBinary }));
    this.socket.on('error', (error) => (this.#failure = error));
    this.#opened = new Promise((resolve) => this.socket.once('open', () => resolve()));
    this.#refused = new Promise((resolve, reject) => {
      this.socket.once('unexpected-response', (_request, response: IncomingMessage) => {
        readRefusedUpgrade(response).then(resolve, reject);
      });
    });
    this.#closed = new Promise((resolve) => {
      this.socket.once('close', (code, reason) => {
        this.#queue.end(new Error(`closed with ${code} ${reason.toString()}`.trimEnd()));
        resolve({ code, reason: reason.toString() });
      });
    });
  }

  /**
   * Resolves with the client at the 101.
   *
   * @throws {WsRefusedError} if the upgrade is refused, and the error of the socket if no server answers.
   */
  async opened(): Promise<this> {
    const refused = this.#refused.then((response) => WsRefusedError.ofResponse(response));
    const failed = this.#closed.then(
      (closing) => this.#failure ?? WsRefusedError.ofClosing(closing),
    );
    const outcome = await this.#within('the 101', Promise.race([this.#opened, refused, failed]));
    if (outcome instanceof Error) {
      throw outcome;
    }
    return this;
  }

  /** The HTTP response that refuses the upgrade. */
  refusal(): Promise<RefusedUpgrade> {
    return this.#within('a refusal', this.#refused);
  }

  /** How the socket was closed. */
  closed(): Promise<SocketClosing> {
    return this.#within('the end of the socket', this.#closed);
  }

  /**
   * The next frame, in order, as text.
   *
   * @throws {Error} if the socket closes instead.
   */
  async next(): Promise<string> {
    return (await this.nextBytes()).toString();
  }

  /** The next frame as bytes. */
  async nextBytes(): Promise<Buffer> {
    return (await this.#queue.next(this.#late('a frame'))).data;
  }

  /**
   * The next frame as a message of a gateway, `{ event, data }`.
   *
   * @throws {Error} if it is something else.
   */
  async nextEvent(): Promise<ReceivedEvent> {
    const text = await this.next();
    const message = parseEventMessage(text);
    if (!message) {
      throw new Error(`expected a message { event, data }, got ${text}`);
    }
    return message;
  }

  /** Frames that have arrived and were not asked for, as text. */
  get unread(): readonly string[] {
    return this.#queue.unread.map(({ data }) => data.toString());
  }

  /** Sends a message in Nest's own format. */
  emit(event: string, data?: unknown): this {
    return this.sendRaw(eventMessage(event, data));
  }

  /** Sends a frame as it is. */
  sendRaw(data: string | Buffer): this {
    this.socket.send(data);
    return this;
  }

  /** Sends a message, and resolves with the `data` of the next one that comes. */
  async ask(event: string, data?: unknown): Promise<unknown> {
    return (await this.emit(event, data).nextEvent()).data;
  }

  /**
   * Resolves when the server has read all that was sent before, or has closed the socket: what has not come by then, was
   * not an immediate answer.
   */
  async barrier(): Promise<void> {
    const answered = new Promise<unknown>((resolve) => this.socket.once('pong', resolve));
    this.socket.ping();
    await this.orClosing('a pong', answered);
  }

  /** Cuts the connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#deadlines.stop();
    this.socket.terminate();
    if (this.socket.readyState !== WebSocket.CLOSED) {
      await this.#closed;
    }
  }

  /** What was promised, or how the socket was closed before. @internal */
  orClosing<Value>(what: string, promise: Promise<Value>): Promise<Value | SocketClosing> {
    return this.#within(what, Promise.race([promise, this.#closed]));
  }

  #within<Value>(what: string, promise: Promise<Value>): Promise<Value> {
    return this.#deadlines.within(promise, this.#late(what));
  }

  /** Made when it is asked for, so that its stack leads to the line of the test. */
  #late(what: string): Error {
    return new Error(`${what} did not come within ${this.#deadlines.timeoutMs} ms`);
  }
}
