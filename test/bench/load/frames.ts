/** A masked client frame. The key is zero: the server unmasks all the same, and the text stays readable. */
function frame(opcode: number, payload: Buffer | string): Buffer {
  const body = Buffer.from(payload);
  const header =
    body.length < 126
      ? Buffer.from([0x80 | opcode, 0x80 | body.length, 0, 0, 0, 0])
      : Buffer.from([0x80 | opcode, 0x80 | 126, body.length >> 8, body.length & 0xff, 0, 0, 0, 0]);
  return Buffer.concat([header, body]);
}

export const opcodes = { text: 1, close: 8, ping: 9 } as const;

export const textFrame = (text: string) => frame(opcodes.text, text);

/** 1000. */
export const closeFrame = closeFrameWith(Buffer.from([0x03, 0xe8]));

/** @param code two bytes, or none */
export function closeFrameWith(code: Buffer): Buffer {
  return frame(opcodes.close, code);
}

/** Answers a ping without payload, which is what servers send. */
export const pongFrame = frame(10, '');

type OnFrame = (opcode: number, payload: Buffer) => void;

/** Takes the frames of a server apart; what is incomplete waits for the next chunk. */
export class FrameReader {
  #rest: Buffer | undefined;

  constructor(private readonly onFrame: OnFrame) {}

  /** @param chunk is reused by its owner after the call */
  read(chunk: Buffer): void {
    const data = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    this.#rest = undefined;
    let at = 0;
    while (at < data.length) {
      const end = endOfFrame(data, at);
      if (end > data.length) {
        this.#rest = Buffer.from(data.subarray(at));
        return;
      }
      const start = at + headerLength(data, at);
      this.onFrame(data[at]! & 0x0f, data.subarray(start, end));
      at = end;
    }
  }
}

function headerLength(data: Buffer, at: number): number {
  return data[at + 1]! < 126 ? 2 : 4;
}

/** Servers here send no frame longer than 65,535 bytes. */
function endOfFrame(data: Buffer, at: number): number {
  if (at + 2 > data.length) {
    return Number.POSITIVE_INFINITY;
  }
  const short = data[at + 1]!;
  if (short < 126) {
    return at + 2 + short;
  }
  return at + 4 > data.length ? Number.POSITIVE_INFINITY : at + 4 + data.readUInt16BE(at + 2);
}
