import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { eventMessage } from '../protocol/message.js';
import type { WsTestClientOptions } from './test-client.js';
import type { Receive, SocketClosing, Wire } from './wire.js';
import { readRefusedUpgrade, type RefusedUpgrade } from './ws-refused.error.js';

/** A native WebSocket. It listens before anything can arrive. */
export class WebSocketWire implements Wire<WebSocket> {
  readonly socket: WebSocket;
  readonly opened: Promise<void>;
  readonly refused: Promise<RefusedUpgrade>;
  readonly closed: Promise<SocketClosing>;
  failure: Error | undefined;

  constructor(
    url: string,
    { protocols = [], ...options }: Omit<WsTestClientOptions, 'timeoutMs'>,
    receive: Receive,
  ) {
    this.socket = new WebSocket(url, protocols, options);
    this.socket.on('message', (data: Buffer) => receive({ data }));
    this.socket.on('error', (error) => (this.failure = error));
    this.opened = new Promise((resolve) => this.socket.once('open', () => resolve()));
    this.refused = new Promise((resolve, reject) => {
      this.socket.once('unexpected-response', (_request, response: IncomingMessage) => {
        readRefusedUpgrade(response).then(resolve, reject);
      });
    });
    this.closed = new Promise((resolve) => {
      this.socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  get isClosed(): boolean {
    return this.socket.readyState === WebSocket.CLOSED;
  }

  emit(event: string, data: unknown): void {
    this.sendRaw(eventMessage(event, data));
  }

  ask(event: string, data: unknown): void {
    this.emit(event, data);
  }

  sendRaw(data: string | Buffer): void {
    this.socket.send(data);
  }

  answered(): Promise<unknown> {
    const answered = new Promise<unknown>((resolve) => this.socket.once('pong', resolve));
    this.socket.ping();
    return answered;
  }

  terminate(): void {
    this.socket.terminate();
  }
}
