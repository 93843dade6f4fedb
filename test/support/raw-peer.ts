import { createHash, randomBytes } from 'node:crypto';
import { connect, type Socket, type SocketConnectOpts } from 'node:net';
import { patient } from './patience.js';

/** An HTTP response as it was on the wire. */
export interface RawResponse {
  readonly status: number;
  /** Fields in order, names in lower case. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** A WebSocket frame as it was on the wire. */
export interface RawFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** How a socket ended after the 101. */
export interface RawClose {
  readonly code: number;
  readonly reason: string;
}

/** What a frame is made of; the default is a final, masked text frame. */
export interface FrameParts {
  readonly opcode?: number;
  readonly fin?: boolean;
  /** The three reserved bits. */
  readonly rsv?: number;
  readonly masked?: boolean;
}

export const opcodes = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
} as const;

/** Real timers, also in a test that fakes them. */
const realSetTimeout = setTimeout;
const realClearTimeout = clearTimeout;

const responseHead = /^HTTP\/1\.1 (\d{3}) [\x20-\x7e]+$/;
const responseField = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ([\x20-\x7e]*)$/;

/**
 * A peer that sends exactly the bytes a test gives it and keeps every byte of the answer, for input that no WebSocket client
 * produces.
 */
export class RawPeer {
  readonly socket: Socket;
  /** Everything the server has sent. */
  received = Buffer.alloc(0);
  /** Whether the peer ended the connection itself, before the server did. */
  left = false;
  /** Whether the server ended the connection. */
  ended = false;
  readonly #waiting = new Set<() => void>();
  #read = 0;
  #key = '';

  constructor(port: number, options: Partial<SocketConnectOpts> = {}) {
    this.socket = connect({ port, host: '127.0.0.1', ...options } as SocketConnectOpts);
    this.socket.setNoDelay(true);
    this.socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.#wake();
    });
    this.socket.on('error', () => undefined);
    this.socket.on('end', () => this.#end());
    this.socket.on('close', () => this.#end());
  }

  /** Remembers the key whose digest the 101 must carry. */
  expectKey(key: string): this {
    this.#key = key;
    return this;
  }

  write(bytes: string | Buffer): this {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    return this;
  }

  send(text: string): this {
    return this.write(frameOf(text));
  }

  emit(event: string, data?: unknown): this {
    return this.send(JSON.stringify({ event, data }));
  }

  /** Ends the connection by a close frame. */
  close(code = 1000): this {
    this.left = true;
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    return this.write(frameOf(payload, { opcode: opcodes.close }));
  }

  /** Half-closes: sends FIN and still reads. */
  finish(): this {
    this.left = true;
    this.socket.end();
    return this;
  }

  /** Leaves with RST. */
  reset(): this {
    this.left = true;
    this.socket.resetAndDestroy();
    return this;
  }

  /** Resolves when everything is written and the kernel has it. */
  async flushed(): Promise<this> {
    await new Promise<void>((resolve) => this.socket.write('', () => resolve()));
    return this;
  }

  /** The response to the handshake, which must be the first thing the server sends. */
  async response(): Promise<RawResponse> {
    const parsed = await this.#until(() => parseResponse(this.received, this.ended));
    this.#read = parsed.end;
    if (parsed.response.status === 101 && this.#key !== '') {
      const accept = parsed.response.fields.find(([name]) => name === 'sec-websocket-accept');
      if (accept?.[1] !== acceptOf(this.#key)) {
        throw new Error('the 101 carries the wrong Sec-WebSocket-Accept');
      }
    }
    return parsed.response;
  }

  /** Resolves to this peer at the 101, and fails on any other status. */
  async opened(): Promise<this> {
    const { status, body } = await this.response();
    if (status !== 101) {
      throw new Error(`refused with ${status}: ${body}`);
    }
    return this;
  }

  /** The next frame that is not a ping. */
  async frame(): Promise<RawFrame> {
    for (;;) {
      const frame = await this.#until(() => parseFrame(this.received, this.#read));
      this.#read = frame.end;
      if (frame.opcode !== opcodes.ping) {
        return frame;
      }
    }
  }

  async nextEvent(): Promise<{ readonly event: string; readonly data: unknown }> {
    const { opcode, payload } = await this.frame();
    if (opcode !== opcodes.text) {
      throw new Error(`expected a text frame, got opcode ${opcode}: ${payload.toString()}`);
    }
    return JSON.parse(payload.toString());
  }

  /** Waits for the close frame of the server and answers it, unless the test forbids it. */
  async closed({ answer = true } = {}): Promise<RawClose> {
    for (;;) {
      const { opcode, payload } = await this.frame();
      if (opcode === opcodes.close) {
        if (answer) {
          this.write(frameOf(payload.subarray(0, 2), { opcode: opcodes.close }));
        }
        return closeOf(payload);
      }
    }
  }

  /** Resolves when the server has ended the connection. */
  async disconnected(): Promise<void> {
    await this.#until(() => (this.ended ? true : undefined));
  }

  /** Resolves when the server has answered a ping: it has processed everything before. */
  async barrier(): Promise<void> {
    this.write(frameOf('barrier', { opcode: opcodes.ping }));
    for (;;) {
      if ((await this.frame()).opcode === opcodes.pong) {
        return;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.left ||= !this.ended;
    this.socket.destroy();
    if (!this.socket.closed) {
      await new Promise((resolve) => this.socket.once('close', resolve));
    }
  }

  #end(): void {
    this.ended = true;
    this.#wake();
  }

  #wake(): void {
    this.#waiting.forEach((check) => check());
  }

  #until<Value>(look: () => Value | undefined): Promise<Value> {
    const found = new Promise<Value>((resolve, reject) => {
      const check = () => {
        const value = look();
        if (value !== undefined) {
          this.#waiting.delete(check);
          resolve(value);
        } else if (this.ended) {
          this.#waiting.delete(check);
          reject(new Error(`the server hung up after ${JSON.stringify(this.received.toString())}`));
        }
      };
      this.#waiting.add(check);
      check();
    });
    return withWatchdog(found, () => `silence after ${JSON.stringify(this.received.toString())}`);
  }
}

/** A promise, or a sentence that names what never happened, instead of a test that hangs. */
export async function withWatchdog<Value>(
  promise: Promise<Value>,
  what: string | (() => string),
): Promise<Value> {
  let watchdog: NodeJS.Timeout | undefined;
  const barked = new Promise<never>((_resolve, reject) => {
    watchdog = realSetTimeout(
      () => reject(new Error(typeof what === 'string' ? what : what())),
      patient(8_000),
    );
  });
  try {
    return await Promise.race([promise, barked]);
  } finally {
    realClearTimeout(watchdog);
  }
}

/** What a server may have sent on one connection, taken apart. */
export interface Transcript {
  readonly responses: readonly RawResponse[];
  readonly frames: readonly RawFrame[];
  /** Bytes that belong to no response and no frame. */
  readonly rest: Buffer;
}

/** Takes apart all that a server has sent on one connection. */
export function transcriptOf(received: Buffer, ended: boolean): Transcript {
  const responses: RawResponse[] = [];
  const frames: RawFrame[] = [];
  let offset = 0;
  while (offset < received.length && responses.at(-1)?.status !== 101) {
    const parsed = parseResponse(received.subarray(offset), ended);
    if (!parsed) {
      return { responses, frames, rest: received.subarray(offset) };
    }
    responses.push(parsed.response);
    offset += parsed.end;
  }
  for (let frame = parseFrame(received, offset); frame; frame = parseFrame(received, offset)) {
    frames.push(frame);
    offset = frame.end;
  }
  return { responses, frames, rest: received.subarray(offset) };
}

/** @throws for a response that is not well formed; `undefined` means that more must come. */
function parseResponse(
  received: Buffer,
  ended: boolean,
): { readonly response: RawResponse; readonly end: number } | undefined {
  const head = received.indexOf('\r\n\r\n');
  if (head === -1) {
    return undefined;
  }
  const [first = '', ...lines] = received.subarray(0, head).toString('latin1').split('\r\n');
  const status = Number(responseHead.exec(first)?.[1]);
  if (Number.isNaN(status)) {
    throw new Error(`not a status line: ${JSON.stringify(first)}`);
  }
  const fields = lines.map((line) => {
    const match = responseField.exec(line);
    if (!match) {
      throw new Error(`not a header line: ${JSON.stringify(line)}`);
    }
    return [match[1]!.toLowerCase(), match[2]!] as const;
  });
  const start = head + 4;
  const length = fields.find(([name]) => name === 'content-length')?.[1];
  if (status === 101 || status === 204) {
    return { response: { status, fields, body: '' }, end: start };
  }
  if (length === undefined) {
    const body = received.subarray(start).toString('latin1');
    return ended ? { response: { status, fields, body }, end: received.length } : undefined;
  }
  const end = start + Number(length);
  return received.length < end
    ? undefined
    : { response: { status, fields, body: received.subarray(start, end).toString('latin1') }, end };
}

function parseFrame(
  bytes: Buffer,
  offset: number,
): (RawFrame & { readonly end: number }) | undefined {
  if (bytes.length < offset + 2) {
    return undefined;
  }
  const opcode = bytes[offset]! & 0x0f;
  let length = bytes[offset + 1]! & 0x7f;
  let start = offset + 2;
  if (length === 126) {
    length = bytes.length < start + 2 ? Number.POSITIVE_INFINITY : bytes.readUInt16BE(start);
    start += 2;
  } else if (length === 127) {
    length =
      bytes.length < start + 8 ? Number.POSITIVE_INFINITY : Number(bytes.readBigUInt64BE(start));
    start += 8;
  }
  const end = start + length;
  return bytes.length < end ? undefined : { opcode, payload: bytes.subarray(start, end), end };
}

/** Code and reason of a close frame. */
export function closeOf(payload: Buffer): RawClose {
  return payload.length < 2
    ? { code: 1005, reason: '' }
    : { code: payload.readUInt16BE(0), reason: payload.subarray(2).toString() };
}

/** A frame as a client sends it, or as it should not. */
export function frameOf(
  content: string | Buffer,
  { opcode = opcodes.text, fin = true, rsv = 0, masked = true }: FrameParts = {},
): Buffer {
  const payload = Buffer.from(content);
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const maskBit = masked ? 0x80 : 0;
  const mask = masked ? randomBytes(4) : Buffer.alloc(0);
  if (masked) {
    payload.forEach((byte, index) => (payload[index] = byte ^ mask[index % 4]!));
  }
  return Buffer.concat([Buffer.from([first]), lengthOf(payload.length, maskBit), mask, payload]);
}

function lengthOf(length: number, maskBit: number): Buffer {
  if (length < 126) {
    return Buffer.from([maskBit | length]);
  }
  const bytes = Buffer.alloc(length < 65_536 ? 3 : 9);
  if (length < 65_536) {
    bytes[0] = maskBit | 126;
    bytes.writeUInt16BE(length, 1);
  } else {
    bytes[0] = maskBit | 127;
    bytes.writeBigUInt64BE(BigInt(length), 1);
  }
  return bytes;
}

function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}
