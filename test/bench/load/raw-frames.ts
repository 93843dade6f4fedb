import { closeFrame } from './frames.js';

/** What a frame of any length is made of; the default is a whole text message. */
export interface FrameParts {
  readonly opcode?: number;
  readonly fin?: boolean;
}

/** A masked frame of any length. The key is zero, so that the payload stays readable. */
export function rawFrame(payload: string, { opcode = 1, fin = true }: FrameParts = {}): Buffer {
  const body = Buffer.from(payload);
  const head = Buffer.alloc(body.length < 126 ? 6 : 14);
  head[0] = (fin ? 0x80 : 0) | opcode;
  if (body.length < 126) {
    head[1] = 0x80 | body.length;
  } else {
    head[1] = 0x80 | 127;
    head.writeBigUInt64BE(BigInt(body.length), 2);
  }
  return Buffer.concat([head, body]);
}

/** One message in so many frames. */
export function fragments(payload: string, count: number): Buffer {
  const length = Math.ceil(payload.length / count);
  const frames = Array.from({ length: count }, (_none, index) =>
    rawFrame(payload.slice(index * length, (index + 1) * length), {
      opcode: index === 0 ? 1 : 0,
      fin: index === count - 1,
    }),
  );
  return Buffer.concat(frames);
}

/** The same frame many times. */
export function many(count: number, one: Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => one));
}

/** Frames, and a proper end. */
export function thenClose(...frames: readonly Buffer[]): Buffer {
  return Buffer.concat([...frames, closeFrame]);
}
