import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocketServer } from 'ws';
import type { Route } from './route.js';

const noEarlyBytes = Buffer.alloc(0);

/** A path of `@WsPublic()` gateways: every valid handshake is a connection, as with `WsAdapter`. */
export class PublicRoute implements Route {
  constructor(readonly server: WebSocketServer) {}

  upgrade(request: IncomingMessage, socket: Duplex): void {
    this.server.handleUpgrade(request, socket, noEarlyBytes, (client) => {
      this.server.emit('connection', client, request);
    });
  }

  close(): void {
    for (const client of this.server.clients ?? []) {
      client.terminate();
    }
  }
}
