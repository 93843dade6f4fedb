import type { ClientOptions, WebSocket } from 'ws';
import { parseEventMessage } from '../protocol/message.js';
import { Deadlines } from './deadlines.js';
import { demandTestOptions } from './known-options.js';
import { FrameQueue } from './frame-queue.js';
import { WebSocketWire } from './web-socket-wire.js';
import type { Frame, OpenWire, ReceivedEvent, SocketClosing, Wire } from './wire.js';
import { WsRefusedError, type RefusedUpgrade } from './ws-refused.error.js';

export type { ReceivedEvent, SocketClosing };

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
 * @typeParam Socket - the socket of the transport: that of `ws`, or the client of `socket.io-client`
 * @example
 * ```ts
 * await using client = new WsTestClient('ws://127.0.0.1:3000/chat');
 * client.emit('authenticate', { token: 'forged' });
 * const { code, reason } = await client.closed();
 * ```
 * @publicApi
 */
export class WsTestClient<Socket extends object = WebSocket> implements AsyncDisposable {
  /** The socket itself. Messages go to the queue as well. */
  readonly socket: Socket;
  readonly #deadlines: Deadlines;
  readonly #queue: FrameQueue;
  readonly #wire: Wire<Socket>;

  /**
   * Connects to any server by a native WebSocket; `connect()` and `connectAs()` connect to an application under test.
   *
   * @throws {WsAuthConfigurationError} for an unknown option.
   */
  constructor(url: string, options?: WsTestClientOptions);
  /** @internal */
  constructor(url: undefined, options: { readonly timeoutMs?: number }, open: OpenWire<Socket>);
  constructor(
    url: string | undefined,
    { timeoutMs = defaultTimeoutMs, ...options }: WsTestClientOptions = {},
    open?: OpenWire<Socket>,
  ) {
    if (!open) {
      demandTestOptions('WsTestClient', options);
    }
    this.#deadlines = new Deadlines(timeoutMs);
    this.#queue = new FrameQueue(this.#deadlines);
    const receive = (frame: Frame) => this.#queue.push(frame);
    const openSocket = open ?? ((push) => new WebSocketWire(url!, options, push) as never);
    this.#wire = openSocket(receive);
    this.socket = this.#wire.socket;
    void this.#wire.closed.then((closing) => this.#endQueue(closing));
  }

  /**
   * Resolves with the client at the 101, or with Socket.IO when it has joined its namespace.
   *
   * @throws {WsRefusedError} if the client is refused, and the error of the socket if no server answers.
   */
  async opened(): Promise<this> {
    const { opened, refused, closed } = this.#wire;
    const outcome = await this.#within(
      'the 101',
      Promise.race([
        opened,
        refused.then((response) => WsRefusedError.ofResponse(response)),
        closed.then((closing) => this.#wire.failure ?? WsRefusedError.ofClosing(closing)),
      ]),
    );
    if (outcome instanceof Error) {
      throw outcome;
    }
    return this;
  }

  /** The HTTP response that refuses the upgrade. */
  refusal(): Promise<RefusedUpgrade> {
    return this.#within('a refusal', this.#wire.refused);
  }

  /** How the socket was closed. */
  closed(): Promise<SocketClosing> {
    return this.#within('the end of the socket', this.#wire.closed);
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
    return (await this.#nextFrame()).data;
  }

  /**
   * The next frame as a message of a gateway, `{ event, data }`. With Socket.IO an acknowledgement is one under the name of its event.
   *
   * @throws {Error} if it is something else.
   */
  async nextEvent(): Promise<ReceivedEvent> {
    const { data, message } = await this.#nextFrame();
    const received = message ?? parseEventMessage(data.toString());
    if (!received) {
      throw new Error(`expected a message { event, data }, got ${data.toString()}`);
    }
    return received;
  }

  /** Frames that have arrived and were not asked for, as text. */
  get unread(): readonly string[] {
    return this.#queue.unread.map(({ data }) => data.toString());
  }

  /** Sends a message in Nest's own format. */
  emit(event: string, data?: unknown): this {
    this.#wire.emit(event, data);
    return this;
  }

  /** Sends a frame as it is. */
  sendRaw(data: string | Buffer): this {
    this.#wire.sendRaw(data);
    return this;
  }

  /** Sends a message, and resolves with the `data` of the next one that comes. With Socket.IO it asks for an acknowledgement. */
  async ask(event: string, data?: unknown): Promise<unknown> {
    this.#wire.ask(event, data);
    return (await this.nextEvent()).data;
  }

  /**
   * Resolves when the server has read all that was sent before, or has closed the socket: what has not come by then, was
   * not an immediate answer.
   */
  async barrier(): Promise<void> {
    await this.orClosing('an answer to the barrier', this.#wire.answered());
  }

  /** Cuts the connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#deadlines.stop();
    this.#wire.terminate();
    if (!this.#wire.isClosed) {
      await this.#wire.closed;
    }
  }

  /** What was promised, or how the socket was closed before. @internal */
  orClosing<Value>(what: string, promise: Promise<Value>): Promise<Value | SocketClosing> {
    return this.#within(what, Promise.race([promise, this.#wire.closed]));
  }

  #endQueue({ code, reason }: SocketClosing): void {
    this.#queue.end(new Error(`closed with ${code} ${reason}`.trimEnd()));
  }

  #nextFrame(): Promise<Frame> {
    return this.#queue.next(this.#late('a frame'));
  }

  #within<Value>(what: string, promise: Promise<Value>): Promise<Value> {
    return this.#deadlines.within(promise, this.#late(what));
  }

  /** Made when it is asked for, so that its stack leads to the line of the test. */
  #late(what: string): Error {
    return new Error(`${what} did not come within ${this.#deadlines.timeoutMs} ms`);
  }
}
