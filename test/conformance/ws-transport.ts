import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from '@nestjs/websockets';
import { UseGuards, type Type } from '@nestjs/common';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Test } from '@nestjs/testing';
import { WebSocket, type WebSocketServer as WsServer } from 'ws';
import { WsAuthModule } from '../../lib/index.js';
import { readRefusedUpgrade } from '../../lib/testing/ws-refused.error.js';
import type {
  ConformanceApplication,
  ConformanceClient,
  ConformanceCredential,
  ConformanceEnding,
  ConformanceGateway,
  ConformanceNotice,
  RunningTransport,
} from '../../lib/testing.js';
import { ws } from '../../lib/ws.js';

/** Starts an application on `ws` for the conformance suite. */
export async function openWs({
  options,
  providers,
  gateway,
}: ConformanceApplication): Promise<RunningTransport> {
  const TestGateway = gatewayOf(gateway);
  const module = await Test.createTestingModule({
    imports: [WsAuthModule.forRoot({ ...options, platform: ws() })],
    providers: [...providers, TestGateway],
  }).compile();
  const app = module.createNestApplication({ logger: false, forceCloseConnections: true });
  await app.listen(0, '127.0.0.1');
  const server: Server = app.getHttpServer();
  const { port } = server.address() as AddressInfo;
  return {
    app,
    connect: (credential) => new WsClient(`ws://127.0.0.1:${port}/`, credential),
    broadcast(text) {
      for (const client of app.get<{ server: WsServer }>(TestGateway).server.clients) {
        client.send(JSON.stringify({ event: 'text', data: text }));
      }
    },
    close: () => app.close(),
  };
}

function gatewayOf(gateway: ConformanceGateway): Type<{ server: WsServer }> {
  @WebSocketGateway()
  class TestGateway {
    @WebSocketServer() readonly server!: WsServer;

    @UseGuards(gateway.guard)
    handleConnection(client: WebSocket, request: IncomingMessage): Promise<void> {
      const { url, headers, rawHeaders, headersDistinct } = request;
      return gateway.connected(client, { url, headers, rawHeaders, headersDistinct });
    }

    @SubscribeMessage('text')
    text(@ConnectedSocket() client: WebSocket, @MessageBody() text: string) {
      return { event: 'text', data: gateway.handled(client, text, client.url) };
    }
  }
  return TestGateway;
}

/** A client of the suite on a WebSocket. */
class WsClient implements ConformanceClient {
  readonly received: string[] = [];
  readonly notices: ConformanceNotice[] = [];
  readonly #socket: WebSocket;
  readonly #waiting: string[] = [];
  readonly #ended: Promise<ConformanceEnding>;

  constructor(url: string, credential: ConformanceCredential) {
    const isHeader = credential.in === 'handshake';
    const headers = isHeader ? { authorization: `Bearer ${credential.token}` } : {};
    this.#socket = new WebSocket(url, { headers });
    this.#ended = this.#follow();
    this.#socket.on('error', () => undefined);
    this.#socket.on('open', () =>
      this.#waiting.splice(0).forEach((text) => this.#socket.send(text)),
    );
    this.#socket.on('message', (data: Buffer) => this.#receive(data));
    if (credential.in === 'message') {
      this.authenticate(credential.token);
    }
  }

  ended(): Promise<ConformanceEnding> {
    return this.#ended;
  }

  send(text: string): void {
    this.#emit('text', text);
  }

  authenticate(token: string): void {
    this.#emit('authenticate', { token });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
    await this.#ended.catch(() => undefined);
  }

  #follow(): Promise<ConformanceEnding> {
    return new Promise((resolve) => {
      this.#socket.on('unexpected-response', (_request, response: IncomingMessage) => {
        resolve(endingOf(response));
      });
      this.#socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  #receive(data: Buffer): void {
    const { event, data: value } = JSON.parse(data.toString()) as { event: string; data: unknown };
    if (event === 'text') {
      this.received.push(value as string);
    } else {
      const { expiresAt } = value as { expiresAt: number | null };
      this.notices.push({ notice: event as ConformanceNotice['notice'], expiresAt });
    }
  }

  #emit(event: string, data: unknown): void {
    const text = JSON.stringify({ event, data });
    if (this.#socket.readyState === WebSocket.CONNECTING) {
      this.#waiting.push(text);
    } else {
      this.#socket.send(text);
    }
  }
}

async function endingOf(response: IncomingMessage): Promise<ConformanceEnding> {
  const { status, body } = await readRefusedUpgrade(response);
  return { code: status, reason: body.trim() };
}
