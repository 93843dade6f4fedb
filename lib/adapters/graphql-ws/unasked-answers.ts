import type { Duplex } from 'node:stream';

type Write = (chunk: Uint8Array | string, ...rest: unknown[]) => boolean;

const endOfHead = '\r\n\r\n';
const switching = 'HTTP/1.1 101 ';
const nothing = Buffer.alloc(0);

/** What the answer to a `ping` begins with, which graphql-ws sends before `connection_init` as well. */
const pong = Buffer.from('{"type":"pong"');

/** First byte of a text that is one frame, without an extension, and the least opcode of a control frame (RFC 6455 §5.2). */
const wholeText = 0x81;
const firstControl = 0x8;

/**
 * Watches what a GraphQL server sends to a client that it has not asked about yet. A server that acknowledges `connection_init` by
 * itself does not use the options of this package, and would run the operations of everybody.
 *
 * The HTTP answer, control frames and answers to a `ping` pass. The look is taken when the server writes, not when the socket sends:
 * it must not go on meanwhile.
 *
 * @param onAnswer called once; nothing is sent any more
 * @returns a function that stops watching
 */
export function watchAnswers(socket: Duplex, onAnswer: () => void): () => void {
  const stream = socket as unknown as { write: Write };
  const { write } = stream;
  const answers = new Answers();
  let isOver = false;
  stream.write = (chunk, ...rest) => {
    if (isOver) {
      return false;
    }
    if (answers.mayPass(Buffer.from(chunk as Uint8Array))) {
      return write.call(stream, chunk, ...rest);
    }
    isOver = true;
    onAnswer();
    return false;
  };
  return () => {
    // Deleting it would make every later use of the socket slow.
    stream.write = write;
  };
}

/** Reads what a server writes: an HTTP head, and frames after a 101. */
class Answers {
  #reads: 'head' | 'frames' | 'nothing' = 'head';
  /** Bytes that are yet to be understood. */
  #held: Buffer = nothing;
  /** Bytes of a frame that may pass and is not complete. */
  #rest = 0;

  mayPass(bytes: Buffer): boolean {
    this.#held = this.#reads === 'nothing' ? nothing : Buffer.concat([this.#held, bytes]);
    if (this.#reads === 'head') {
      this.#readHead();
    }
    return this.#reads !== 'frames' || this.#mayPassFrames();
  }

  #readHead(): void {
    const end = this.#held.indexOf(endOfHead);
    if (end >= 0) {
      this.#reads = this.#held.toString('latin1').startsWith(switching) ? 'frames' : 'nothing';
      this.#held = this.#held.subarray(end + endOfHead.length);
    }
  }

  #mayPassFrames(): boolean {
    for (;;) {
      const passed = Math.min(this.#rest, this.#held.length);
      this.#held = this.#held.subarray(passed);
      this.#rest -= passed;
      const frame = frameAt(this.#held);
      if (!frame) {
        return true;
      }
      if (!frame.isControl) {
        const begun = this.#held.subarray(frame.headerBytes).subarray(0, pong.length);
        if (!frame.mayBePong || !begun.equals(pong.subarray(0, begun.length))) {
          return false;
        }
        if (begun.length < pong.length) {
          return true;
        }
      }
      this.#rest = frame.headerBytes + frame.payloadBytes;
    }
  }
}

/** `undefined` as long as the header is not complete. Servers mask nothing (RFC 6455 §5.1). */
function frameAt(bytes: Buffer) {
  const [first = 0, size = 0] = bytes;
  const headerBytes = size === 127 ? 10 : size === 126 ? 4 : 2;
  if (bytes.length < headerBytes) {
    return undefined;
  }
  const short = size === 126 ? bytes.readUInt16BE(2) : size;
  const payloadBytes = size === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  return {
    headerBytes,
    payloadBytes,
    isControl: (first & 0xf) >= firstControl,
    mayBePong: first === wholeText && payloadBytes >= pong.length,
  };
}
