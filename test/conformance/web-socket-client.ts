import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { readRefusedUpgrade } from '../../lib/testing/ws-refused.error.js';
import type {
  ConformanceClient,
  ConformanceCredential,
  ConformanceEnding,
  ConformanceNotice,
} from '../../lib/testing.js';

/** A client of the suite on a WebSocket, whatever its messages look like. */
export abstract class WebSocketClient implements ConformanceClient {
  readonly received: string[] = [];
  readonly notices: ConformanceNotice[] = [];
  protected readonly socket: WebSocket;
  readonly #ended: Promise<ConformanceEnding>;

  constructor(url: string, protocols: string[], credential: ConformanceCredential) {
    const isHeader = credential.in === 'handshake';
    const headers = isHeader ? { authorization: `Bearer ${credential.token}` } : {};
    this.socket = new WebSocket(url, protocols, { headers });
    this.#ended = this.#follow();
    this.socket.on('error', () => undefined);
    this.socket.on('open', () => this.opened());
    this.socket.on('message', (data: Buffer) => this.receive(JSON.parse(data.toString())));
  }

  protected abstract opened(): void;
  protected abstract receive(message: unknown): void;
  abstract send(text: string): void;
  abstract authenticate(token: string): void;

  ended(): Promise<ConformanceEnding> {
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.terminate();
    await this.#ended.catch(() => undefined);
  }

  protected write(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  #follow(): Promise<ConformanceEnding> {
    return new Promise((resolve) => {
      this.socket.on('unexpected-response', (_request, response: IncomingMessage) => {
        resolve(endingOf(response));
      });
      this.socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }
}

/** The refusal of an upgrade, as text. */
export async function endingOf(response: IncomingMessage): Promise<ConformanceEnding> {
  const { status, body } = await readRefusedUpgrade(response);
  return { code: status, reason: body.trim() };
}
