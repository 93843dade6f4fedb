import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { parseHandshake } from '../protocol/handshake.js';
import { Refusal } from '../protocol/refusal.js';
import { parseRequestTarget } from '../protocol/request-target.js';
import { refuseUpgrade } from './refuse.js';
import type { Route } from './route.js';

/** Path of a gateway that takes every path, as one on a port of its own without `path` does. */
export const anyPath = Symbol('any path');

/**
 * The one `upgrade` listener of an HTTP server: validates the handshake and hands it to the route of its path.
 */
export class UpgradeListener {
  readonly #routes = new Map<string | typeof anyPath, Route>();

  constructor(private readonly httpServer: Server) {
    httpServer.on('upgrade', this.#onUpgrade);
  }

  has(path: string | typeof anyPath): boolean {
    return this.#routes.has(path);
  }

  add(path: string | typeof anyPath, route: Route): void {
    this.#routes.set(path, route);
  }

  dispose(): void {
    this.httpServer.off('upgrade', this.#onUpgrade);
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const target = parseRequestTarget(request.url ?? '');
    const route = this.#routes.get(target?.path ?? '') ?? this.#routes.get(anyPath);
    if (!route && this.httpServer.listenerCount('upgrade') > 1) {
      return;
    }
    socket.on('error', destroy);
    const handshake = parseHandshake(request, head.length);
    if (handshake instanceof Refusal) {
      refuseUpgrade(socket, handshake);
    } else if (!route) {
      refuseUpgrade(socket, new Refusal('ERR_WS_AUTH_UNKNOWN_PATH'));
    } else {
      route.upgrade(request, socket, handshake);
    }
  };
}

/** A reset by a peer that is nobody yet must not end the process. */
function destroy(this: Duplex): void {
  this.destroy();
}
