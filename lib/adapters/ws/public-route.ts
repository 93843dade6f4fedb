import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocketServer } from 'ws';
import { runAll } from '../../errors/run-all.js';
import { Refusal } from '../../protocol/refusal.js';
import { setPublic } from '../../sessions/client-session.js';
import { announceClient, captureRejections } from './contained-web-socket.js';
import { refuseUpgrade } from '../refuse.js';
import type { Route } from '../route.js';

const noEarlyBytes = Buffer.alloc(0);

/** A path of `@WsPublic()` gateways: every valid handshake is a connection, as with `WsAdapter`. */
export class PublicRoute implements Route {
  #closing = false;

  constructor(readonly server: WebSocketServer) {}

  get isClosing(): boolean {
    return this.#closing;
  }

  upgrade(request: IncomingMessage, socket: Duplex): void {
    if (this.#closing) {
      refuseUpgrade(socket, new Refusal('ERR_WS_AUTH_SHUTTING_DOWN'));
      return;
    }
    this.server.handleUpgrade(request, socket, noEarlyBytes, (client) => {
      setPublic(client);
      captureRejections(client);
      announceClient(this.server, client, request);
    });
  }

  close(): void {
    this.#closing = true;
    runAll([...(this.server.clients ?? [])].map((client) => () => client.terminate()));
  }
}
