import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Time in milliseconds between two looks at what is still open after the deadline. */
const lookAgainMs = 100;

/**
 * The connections of one HTTP server, so that closing it ends in time.
 *
 * `server.close()` waits for every connection, and a peer keeps one open for as long as it likes: by half of a request head, by a
 * body that never ends, by a response that it does not read, or by silence.
 */
export class OpenConnections {
  readonly #sockets = new Set<Socket>();
  /** The request that is being answered, by the connection it came on. */
  readonly #answers = new Map<Socket, ServerResponse>();
  #deadline: NodeJS.Timeout | undefined;
  #isOver = false;
  /** Whether a deadline keeps the process running. */
  #holds = false;
  /** One function for all connections: one for each would cost every session memory. */
  readonly #forget: (this: Socket) => void;

  constructor(private readonly server: Server) {
    const sockets = this.#sockets;
    this.#forget = function () {
      sockets.delete(this);
    };
    server.on('connection', this.#onConnection).on('request', this.#onRequest);
  }

  /**
   * Destroys what keeps the server from closing, so many milliseconds from now. Of several calls the first counts.
   *
   * A request that was received whole, and whose response has not begun, waits for the application and not for its peer: its
   * connection stays open until there is a response.
   *
   * The process does not exit before: a connection whose peer has left, and that has no reader, keeps no event loop running, and the hooks that
   * Nest calls when the server has closed would never run. A server that has never listened may emit no `close` to wait for.
   */
  endWithin(timeoutMs: number): void {
    if (!this.#deadline) {
      this.#holds = this.server.listening || this.#sockets.size > 0;
      this.server.once('close', this.#stop);
      this.#watch(setTimeout(() => this.#end(), timeoutMs));
    }
  }

  /**
   * Calls back when the requests before on a connection have been answered: a client may send several without waiting, and responses
   * come in their order (RFC 9112 §9.3.2). It does not call back on a connection that closes meanwhile.
   */
  whenAnswered(socket: Duplex, callback: () => void): void {
    const answer = this.#answers.get(socket as Socket);
    if (!answer || answer.writableFinished) {
      callback();
      return;
    }
    // Not every runtime emits `close` for a response that is complete.
    const ended = () => {
      answer.off('finish', ended).off('close', ended);
      if (socket.writable) {
        callback();
      }
    };
    answer.on('finish', ended).on('close', ended);
  }

  /** A session has the connection now, and closes it in time. To watch it here as well would cost every session memory. */
  leave(socket: Duplex): void {
    socket.off('close', this.#forget);
    this.#sockets.delete(socket as Socket);
  }

  /** The server is about to close. If that is after the deadline, its connections go with it. */
  closing(): void {
    if (this.#isOver) {
      setImmediate(() => this.#destroy());
    }
  }

  /** Leaves the server as it was found. */
  release(): void {
    this.#stop();
    this.server
      .off('connection', this.#onConnection)
      .off('request', this.#onRequest)
      .off('close', this.#stop);
  }

  #end(): void {
    this.#isOver = true;
    this.#destroy();
    this.#watch(setInterval(() => this.#destroy(), lookAgainMs));
  }

  #watch(deadline: NodeJS.Timeout): void {
    this.#deadline = this.#holds ? deadline : deadline.unref();
  }

  /** A server that still listens is not being closed: Nest has yet to come to it, or leaves it open. */
  #destroy(): void {
    if (this.server.listening) {
      return;
    }
    const kept = new Set(
      [...this.#answers].filter(waitsForApplication).map(([socket]) => nameOf(socket)),
    );
    for (const socket of this.#sockets) {
      if (!kept.has(nameOf(socket))) {
        socket.destroy();
      }
    }
  }

  readonly #stop = (): void => {
    clearTimeout(this.#deadline);
  };

  readonly #onConnection = (socket: Socket): void => {
    this.#sockets.add(socket);
    socket.on('close', this.#forget);
  };

  readonly #onRequest = ({ socket }: IncomingMessage, response: ServerResponse): void => {
    this.#answers.set(socket, response);
    response.on('close', () => {
      if (this.#answers.get(socket) === response) {
        this.#answers.delete(socket);
      }
    });
  };
}

function waitsForApplication([, response]: readonly [Socket, ServerResponse]): boolean {
  return response.req.complete && !response.headersSent;
}

/**
 * Distinguishes connections also where a request knows only the TLS socket on top of the one that was accepted. Those of Unix sockets
 * have no address, and each is only itself.
 */
function nameOf(socket: Socket): unknown {
  const { remoteAddress, remotePort } = socket;
  return remotePort === undefined ? socket : `${remoteAddress} ${remotePort}`;
}
