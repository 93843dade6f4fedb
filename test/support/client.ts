import type { IncomingMessage } from 'node:http';
import { WebSocket, type ClientOptions } from 'ws';

/** How a socket ended. */
export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A refused upgrade. */
export interface Refused {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** One entry per `WWW-Authenticate` line. */
  readonly challenges: readonly string[];
  readonly body: string;
}

/** How a test client connects. */
export interface ConnectOptions extends ClientOptions {
  readonly protocols?: string | string[];
}

/** Somebody who waits for a frame. */
interface Waiting {
  readonly resolve: (frame: string) => void;
  readonly reject: (reason: Error) => void;
}

/** A WebSocket client with a queue, so that a test misses no frame and never waits for time to pass. */
export class TestClient implements AsyncDisposable {
  readonly socket: WebSocket;
  readonly #frames: string[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #closed: Promise<Closed>;
  readonly #refused: Promise<Refused>;
  readonly #opened: Promise<void>;

  constructor(url: string, { protocols = [], ...options }: ConnectOptions = {}) {
    this.socket = new WebSocket(url, protocols, options);
    this.socket.on('message', (data: Buffer) => this.#receive(data.toString()));
    this.#opened = new Promise((resolve) => this.socket.once('open', () => resolve()));
    this.#closed = new Promise((resolve) => {
      this.socket.once('close', (code, reason) => {
        resolve({ code, reason: reason.toString() });
        for (const { reject } of this.#waiting.splice(0)) {
          reject(new Error(`closed with ${code} ${reason.toString()}`));
        }
      });
    });
    this.#refused = new Promise((resolve, reject) => {
      this.socket.once('unexpected-response', (_request, response: IncomingMessage) => {
        readRefusal(response).then(resolve, reject);
      });
    });
    this.socket.on('error', () => undefined);
  }

  /** Resolves at the 101; rejects if the upgrade is refused or fails. */
  async opened(): Promise<this> {
    const outcome = await Promise.race([
      this.#opened,
      this.#refused.then(({ status, body }) => `refused with ${status}: ${body}`),
      this.#closed.then(({ code }) => `closed with ${code}`),
    ]);
    if (typeof outcome === 'string') {
      throw new Error(outcome);
    }
    return this;
  }

  refusal(): Promise<Refused> {
    return this.#refused;
  }

  closed(): Promise<Closed> {
    return this.#closed;
  }

  /** The next text frame, in order; rejects if the socket closes instead. */
  async next(): Promise<string> {
    const frame = this.#frames.shift();
    if (frame !== undefined) {
      return frame;
    }
    if (this.socket.readyState === WebSocket.CLOSED) {
      throw new Error('the socket is closed');
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  async nextEvent(): Promise<{ readonly event: string; readonly data: unknown }> {
    return JSON.parse(await this.next());
  }

  /** Frames that have arrived and were not asked for. */
  get unread(): readonly string[] {
    return this.#frames;
  }

  emit(event: string, data?: unknown): this {
    this.socket.send(JSON.stringify({ event, data }));
    return this;
  }

  sendRaw(data: string | Buffer): this {
    this.socket.send(data);
    return this;
  }

  async ask(event: string, data?: unknown): Promise<unknown> {
    return (await this.emit(event, data).nextEvent()).data;
  }

  /** Resolves when the peer has processed all that was sent before: a barrier that proves absence. */
  async barrier(): Promise<void> {
    const ponged = new Promise((resolve) => this.socket.once('pong', resolve));
    this.socket.ping();
    await Promise.race([ponged, this.#closed]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.terminate();
    if (this.socket.readyState !== WebSocket.CLOSED) {
      await this.#closed;
    }
  }

  #receive(frame: string): void {
    const waiting = this.#waiting.shift();
    if (waiting) {
      waiting.resolve(frame);
    } else {
      this.#frames.push(frame);
    }
  }
}

async function readRefusal(response: IncomingMessage): Promise<Refused> {
  let body = '';
  for await (const chunk of response) {
    body += String(chunk);
  }
  const challenges = response.rawHeaders.filter(
    (_value, index) =>
      index % 2 === 1 && response.rawHeaders[index - 1]!.toLowerCase() === 'www-authenticate',
  );
  return { status: response.statusCode!, headers: response.headers, challenges, body };
}
