import { connect, type Socket } from 'node:net';
import { countDoing } from './stay-awake.js';
import { closeFrame, closeFrameWith, FrameReader, opcodes, pongFrame } from './frames.js';

/** What a client receives. */
export interface ConnectionListener {
  onOpen(connection: Connection): void;
  onText(connection: Connection, payload: Buffer): void;
  /** The TCP connection is over. */
  onEnd(connection: Connection): void;
}

/** Where a client connects to. */
export interface Destination {
  readonly port: number;
  readonly handshake: Buffer;
}

/** All reads are dealt with before the next, so one buffer does for all. */
const buffer = Buffer.allocUnsafe(65_536);
const endOfHead = Buffer.from('\r\n\r\n');

/** A WebSocket client that does as little as possible. */
export class Connection {
  /** Status of the response; 0 until there is one. */
  status = 0;
  /** Whether the server has sent a close frame that answers none of ours. */
  closedByServer = false;
  #closing = false;
  #head = Buffer.alloc(0);
  readonly #socket: Socket;
  readonly #frames = new FrameReader((opcode, payload) => this.#onFrame(opcode, payload));

  private constructor(
    { port, handshake }: Destination,
    private readonly listener: ConnectionListener,
  ) {
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer,
        callback: (length) => {
          this.#onRead(buffer.subarray(0, length));
          return true;
        },
      },
    });
    // A reset after a refusal is an end like any other.
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => this.listener.onEnd(this));
    this.#socket.write(handshake);
    countDoing();
  }

  static open(destination: Destination, listener: ConnectionListener): Connection {
    return new Connection(destination, listener);
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  close(bytes: Buffer = closeFrame): void {
    if (!this.#closing) {
      this.#closing = true;
      this.#socket.write(bytes);
    }
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #onRead(chunk: Buffer): void {
    countDoing();
    if (this.status === 101) {
      this.#frames.read(chunk);
    } else if (this.status === 0) {
      this.#readHead(chunk);
    }
  }

  #readHead(chunk: Buffer): void {
    this.#head = Buffer.concat([this.#head, chunk]);
    const end = this.#head.indexOf(endOfHead);
    if (end === -1) {
      return;
    }
    this.status = Number(this.#head.toString('latin1', 9, 12));
    if (this.status === 101) {
      this.listener.onOpen(this);
      this.#frames.read(this.#head.subarray(end + 4));
    }
    this.#head = Buffer.alloc(0);
  }

  #onFrame(opcode: number, payload: Buffer): void {
    switch (opcode) {
      case opcodes.text:
        this.listener.onText(this, payload);
        break;
      case opcodes.close:
        this.closedByServer = !this.#closing;
        this.close(closeFrameWith(payload.subarray(0, 2)));
        break;
      case opcodes.ping:
        this.#socket.write(pongFrame);
        break;
    }
  }
}
