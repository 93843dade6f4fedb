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
import type {
  ConformanceApplication,
  ConformanceCredential,
  ConformanceGateway,
  ConformanceNotice,
  RunningTransport,
} from '../../lib/testing.js';
import { ws } from '../../lib/ws.js';
import { WebSocketClient } from './web-socket-client.js';

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
class WsClient extends WebSocketClient {
  #waiting: object[] = [];

  constructor(url: string, credential: ConformanceCredential) {
    super(url, [], credential);
    if (credential.in === 'message') {
      this.authenticate(credential.token);
    }
  }

  send(text: string): void {
    this.#emit('text', text);
  }

  authenticate(token: string): void {
    this.#emit('authenticate', { token });
  }

  protected opened(): void {
    this.#waiting.splice(0).forEach((message) => this.write(message));
  }

  protected receive({ event, data }: { readonly event: string; readonly data: unknown }): void {
    if (event === 'text') {
      this.received.push(data as string);
    } else {
      const { expiresAt } = data as { expiresAt: number | null };
      this.notices.push({ notice: event as ConformanceNotice['notice'], expiresAt });
    }
  }

  #emit(event: string, data: unknown): void {
    if (this.socket.readyState === WebSocket.CONNECTING) {
      this.#waiting.push({ event, data });
    } else {
      this.write({ event, data });
    }
  }
}
