import { once } from 'node:events';
import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { WebSocket } from 'ws';

/** The answer to one request. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Names and values, in order. */
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

/** The content of a raw request. */
export interface RawRequest {
  readonly method?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string;
}

const separator = '\u001e';

/** Sends one request, over a connection of its own. */
export async function ask(
  url: string,
  { method = 'GET', headers = {}, body }: RawRequest = {},
): Promise<RawAnswer> {
  const sent = request(url, { method, headers, agent: new Agent({ keepAlive: false }) });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
  let text = '';
  for await (const chunk of response) {
    text += String(chunk);
  }
  const { statusCode = 0, rawHeaders } = response;
  return { status: statusCode, headers: response.headers, rawHeaders, body: text };
}

/** Asks for an upgrade, and returns the answer: 101 closes the socket. */
export async function upgrade(
  url: string,
  headers: Record<string, string> = {},
): Promise<RawAnswer> {
  const sent = request(url.replace(/^ws/, 'http'), {
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    },
    agent: new Agent({ keepAlive: false }),
  });
  sent.end();
  return new Promise((resolve, reject) => {
    sent.on('error', reject);
    sent.on('upgrade', (response, socket) => {
      socket.destroy();
      const { rawHeaders } = response;
      resolve({ status: 101, headers: response.headers, rawHeaders, body: '' });
    });
    sent.on('response', (response) => {
      let body = '';
      response.on('data', (chunk) => (body += String(chunk)));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode = 0, rawHeaders } = response;
        resolve({ status: statusCode, headers: response.headers, rawHeaders, body });
      });
    });
  });
}

/** A client of polling that knows nothing but HTTP. */
export class RawPolling {
  private constructor(
    readonly url: string,
    readonly sid: string,
    readonly headers: Record<string, string>,
  ) {}

  /** The address of a server, with more parameters. */
  static urlOf(origin: string, query = '', transport = 'polling'): string {
    return `${origin}/socket.io/?EIO=4&transport=${transport}${query}`;
  }

  static async open(
    origin: string,
    { query = '', headers = {} }: { query?: string; headers?: Record<string, string> } = {},
  ): Promise<RawPolling> {
    const url = RawPolling.urlOf(origin, query);
    const { status, body } = await ask(url, { headers });
    if (status !== 200) {
      throw new Error(`not open: ${status} ${body}`);
    }
    const { sid } = JSON.parse(body.slice(1)) as { readonly sid: string };
    return new RawPolling(url, sid, headers);
  }

  /** Sends packets of Socket.IO in one request. */
  send(packets: readonly string[], headers = this.headers): Promise<RawAnswer> {
    const body = packets.map((packet) => `4${packet}`).join(separator);
    return ask(`${this.url}&sid=${this.sid}`, { method: 'POST', body, headers });
  }

  /** Sends packets of engine.io in one request. */
  post(body: string, headers = this.headers): Promise<RawAnswer> {
    return ask(`${this.url}&sid=${this.sid}`, { method: 'POST', body, headers });
  }

  poll(headers = this.headers): Promise<RawAnswer> {
    return ask(`${this.url}&sid=${this.sid}`, { headers });
  }

  /** The packets of one poll. */
  async packets(headers = this.headers): Promise<readonly string[]> {
    const { body } = await this.poll(headers);
    return body.split(separator);
  }
}

/** A client that knows WebSockets and nothing of Socket.IO. */
export class RawWebSocket implements Disposable {
  readonly received: string[] = [];
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;
  #wake: () => void = () => undefined;

  constructor(origin: string, query = '', headers: Record<string, string> = {}) {
    const url = RawPolling.urlOf(origin.replace(/^http/, 'ws'), query, 'websocket');
    this.#socket = new WebSocket(url, { headers });
    this.#socket.on('error', () => undefined);
    this.#socket.on('message', (data) => {
      this.received.push((data as Buffer).toString());
      this.#wake();
    });
    this.closed = once(this.#socket, 'close').then(([code]) => code as number);
    void this.closed.then(() => this.#wake());
  }

  async opened(): Promise<this> {
    await once(this.#socket, 'open');
    return this;
  }

  send(...packets: readonly (string | Buffer)[]): void {
    for (const packet of packets) {
      this.#socket.send(packet);
    }
  }

  /** The first packet that begins like this. */
  async next(start: string): Promise<string> {
    for (;;) {
      const index = this.received.findIndex((packet) => packet.startsWith(start));
      if (index !== -1) {
        return this.received.splice(index, 1)[0]!;
      }
      if (this.#socket.readyState === WebSocket.CLOSED) {
        throw new Error(`closed without ${start}: ${this.received.join(' ')}`);
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }
}
