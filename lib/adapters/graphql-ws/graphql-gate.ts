import type { AsyncResource } from 'node:async_hooks';
import { closeGraceMs } from '../close-grace.js';
import { endings } from '../endings.js';
import type { GraphqlSocket } from './graphql-context.js';

/** Decides what passes a socket. */
export interface GraphqlTraffic {
  /** Whether messages may pass now, in both directions. */
  readonly isOpen: boolean;
  /** Bytes that may wait to be sent. */
  readonly maxBufferedBytes: number;
  /** Bytes that messages take beside their payload while they wait. */
  readonly bytesBesideMessages: number;
  /** Time in milliseconds that closing may take when the application closes. */
  readonly shutdownTimeoutMs: number;
  /** Context in which messages are handled. */
  readonly context: AsyncResource | undefined;
  /** Whether graphql-ws receives a message; false for one that was handled here. */
  admits(message: Buffer): boolean;
  /** The socket has closed. */
  closed(code: number): void;
}

/** Reasons in place of those of graphql-ws: that of an exception is its text outside of production. */
const reasons: Readonly<Record<number, string>> = {
  4500: 'internal server error',
  [endings.shutdown.code]: endings.shutdown.reason,
};

/**
 * Stands between a socket of `ws` and graphql-ws, in both directions. graphql-ws offers no hook for either: `emit` and `send` of the
 * one socket are the places that every version of it uses.
 */
export class GraphqlGate {
  readonly #send: (data: unknown, ...rest: unknown[]) => void;
  readonly #close: (code?: number, reason?: string) => void;
  #isShut = false;
  #isClosing = false;

  constructor(
    private readonly socket: GraphqlSocket,
    private readonly traffic: GraphqlTraffic,
  ) {
    this.#send = socket.send.bind(socket);
    this.#close = socket.close.bind(socket);
    const emit = socket.emit.bind(socket);
    const pong = socket.pong.bind(socket);
    socket.emit = (event, ...args) => this.#emit(emit, event, args);
    socket.send = (data, ...rest) => this.#pass(data, rest);
    // A later `ws` bounds the pongs that wait. The one that `@nestjs/graphql` brings does not.
    socket.pong = (...args) => this.#admitsOutgoing() && pong(...args);
    socket.close = (code, reason) => this.#closeByServer(code, reason);
  }

  /** Sends a message of this package. */
  send(message: string): void {
    if (!this.#isShut && this.socket.readyState === this.socket.OPEN) {
      this.#send(message);
    }
  }

  /** From here on nothing passes. */
  shut(): void {
    this.#isShut = true;
  }

  /** Closes the socket, and terminates it if the client does not answer in time. */
  close(code?: number, reason?: string): void {
    this.#isShut = true;
    if (this.#isClosing) {
      return;
    }
    this.#isClosing = true;
    const isShutdown = code === endings.shutdown.code;
    const graceMs = isShutdown ? this.traffic.shutdownTimeoutMs : closeGraceMs.session;
    const deadline = setTimeout(() => this.socket.terminate(), graceMs);
    deadline.unref();
    this.socket.once('close', () => clearTimeout(deadline));
    this.#close(code, reason);
  }

  #emit(emit: GraphqlSocket['emit'], event: string | symbol, args: readonly unknown[]): boolean {
    if (event === 'close') {
      this.#isShut = true;
      this.traffic.closed(args[0] as number);
    }
    if (event !== 'message') {
      return emit(event, ...args);
    }
    if (this.#isShut || !this.traffic.isOpen || !this.traffic.admits(args[0] as Buffer)) {
      return true;
    }
    const { context } = this.traffic;
    return context
      ? context.runInAsyncScope(emit, undefined, event, ...args)
      : emit(event, ...args);
  }

  /**
   * What comes too late, or cannot be sent, counts as sent: graphql-ws itself treats a socket that has closed so, and logs everything
   * else, at the will of clients that leave.
   */
  #pass(data: unknown, rest: readonly unknown[]): void {
    const last = rest.at(-1);
    const sent = typeof last === 'function' ? (last as () => void) : ignore;
    if (this.#admitsOutgoing()) {
      this.#send(data, () => sent());
    } else {
      sent();
    }
  }

  /** Whether anything may be sent now. Terminates a client that reads too slowly. */
  #admitsOutgoing(): boolean {
    const { socket, traffic } = this;
    if (this.#isShut || !traffic.isOpen) {
      return false;
    }
    if (socket.bufferedAmount + traffic.bytesBesideMessages <= traffic.maxBufferedBytes) {
      return true;
    }
    this.#isShut = true;
    socket.terminate();
    return false;
  }

  /** A session that has ended is closed by its own code, which is about to be sent. */
  #closeByServer(code: number | undefined, reason: string | undefined): void {
    if (!this.#isShut) {
      this.close(code, reasons[code ?? 0] ?? reason);
    }
  }
}

function ignore(): void {}
