import type { Server } from 'node:http';
import { Duplex } from 'node:stream';

/** One end of a connection without a network: what is written here is read at the other end. */
class Endpoint extends Duplex {
  peer: Endpoint | undefined;

  override _read(): void {}

  /** Nothing arrives in the call that sends it, as in a network. */
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    process.nextTick(() => {
      this.peer?.push(chunk);
      done();
    });
  }

  override _final(done: () => void): void {
    process.nextTick(() => {
      this.peer?.push(null);
      done();
    });
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { peer } = this;
    this.peer = undefined;
    if (peer && !peer.destroyed) {
      peer.push(null);
      setImmediate(() => peer.destroy());
    }
    done(error);
  }
}

/** A frame that the server has sent. */
export interface WireFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

const closeOpcode = 8;

const mask = Buffer.alloc(4);

/**
 * A client that speaks WebSocket by the byte, so that a test sees every frame in order (also what follows a close frame), and
 * decides which frames arrive together. It answers close frames, as clients do.
 */
export class WireClient {
  readonly frames: WireFrame[] = [];
  /** Status of the answer to the handshake. */
  status: number | undefined;
  #unread = Buffer.alloc(0);
  #closing = false;
  readonly #near = new Endpoint();
  readonly #far = new Endpoint();

  constructor(server: Server, headers: Record<string, string> = {}) {
    this.#near.peer = this.#far;
    this.#far.peer = this.#near;
    this.#near.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#near.on('error', () => undefined);
    this.#near.on('end', () => this.#near.end());
    server.emit('connection', this.#far);
    const fields = Object.entries({
      Host: 'localhost',
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    this.#near.write(`GET / HTTP/1.1\r\n${fields.join('')}\r\n`);
  }

  /** Whether the server has ended the connection, or refused it. */
  get isOver(): boolean {
    return this.#near.readableEnded || this.#near.destroyed;
  }

  get closeFrames(): readonly WireFrame[] {
    return this.frames.filter(({ opcode }) => opcode === closeOpcode);
  }

  /** Sends messages so that they arrive together. */
  send(...messages: readonly object[]): void {
    const frames = messages.map((message) => frameOf(1, Buffer.from(JSON.stringify(message))));
    this.#write(Buffer.concat(frames));
  }

  close(): void {
    this.#closing = true;
    this.#write(goodbye);
  }

  /** Sends messages and the close frame so that they arrive together. */
  sendAndClose(...messages: readonly object[]): void {
    this.#closing = true;
    const frames = messages.map((message) => frameOf(1, Buffer.from(JSON.stringify(message))));
    this.#write(Buffer.concat([...frames, goodbye]));
  }

  /** Vanishes, as a peer whose network resets does. */
  reset(): void {
    this.#far.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
    this.#near.destroy();
  }

  #write(data: Buffer): void {
    if (this.#near.writable) {
      this.#near.write(data);
    }
  }

  #receive(chunk: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    if (this.status === undefined) {
      this.#readHead();
    }
    while (this.status === 101 && this.#readFrame()) {
      // As long as there are whole frames.
    }
  }

  #readHead(): void {
    const end = this.#unread.indexOf('\r\n\r\n');
    if (end !== -1) {
      this.status = Number(this.#unread.toString('latin1', 9, 12));
      this.#unread = this.#unread.subarray(end + 4);
    }
  }

  #readFrame(): boolean {
    const unread = this.#unread;
    if (unread.length < 2) {
      return false;
    }
    const short = unread[1]! & 0x7f;
    const start = short === 126 ? 4 : 2;
    const length = short === 126 ? unread.readUInt16BE(2) : short;
    if (unread.length < start + length) {
      return false;
    }
    const opcode = unread[0]! & 0x0f;
    this.frames.push({ opcode, payload: unread.subarray(start, start + length) });
    this.#unread = unread.subarray(start + length);
    if (opcode === closeOpcode && !this.#closing) {
      this.close();
    }
    return true;
  }
}

const goodbye = frameOf(closeOpcode, Buffer.from([0x03, 0xe8]));

/** A masked frame of at most 64 KB, with a mask that changes nothing. */
function frameOf(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const head =
    length < 126
      ? Buffer.from([0x80 | opcode, 0x80 | length])
      : Buffer.from([0x80 | opcode, 0x80 | 126, length >> 8, length & 0xff]);
  return Buffer.concat([head, mask, payload]);
}
