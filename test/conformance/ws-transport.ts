import { WebSocket, type WebSocketServer } from 'ws';
import { WsAuthModule } from '../../lib/index.js';
import type {
  ConformanceApplication,
  ConformanceCredential,
  ConformanceNotice,
  RunningTransport,
} from '../../lib/testing.js';
import { ws } from '../../lib/ws.js';
import { gatewayOf, listen, partsOf } from './application.js';
import { WebSocketClient } from './web-socket-client.js';

/** Starts an application on `ws` for the conformance suite. */
export async function openWs({
  options,
  providers,
  gateway,
}: ConformanceApplication): Promise<RunningTransport> {
  const TestGateway = gatewayOf<WebSocket, WebSocketServer>(gateway, (_client, request) =>
    partsOf(request),
  );
  const { app, port, close } = await listen({
    imports: [WsAuthModule.forRoot({ ...options, platform: ws() })],
    providers: [...providers, TestGateway],
  });
  return {
    app,
    connect: (credential) => new WsClient(`ws://127.0.0.1:${port}/`, credential),
    broadcast(text) {
      for (const client of app.get(TestGateway).server.clients) {
        client.send(JSON.stringify({ event: 'text', data: text }));
      }
    },
    close,
  };
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
