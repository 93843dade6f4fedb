import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { parseHandshake, type Handshake } from '../protocol/handshake.js';
import { Refusal } from '../protocol/refusal.js';
import { parseRequestTarget } from '../protocol/request-target.js';
import type { RefusalReporter } from './refusal-reporter.js';
import { refuseUpgrade } from './refuse.js';
import type { Route } from './route.js';

/** Path of a gateway that takes every path, as one on a port of its own without `path` does. */
export const anyPath = Symbol('any path');

/**
 * The one `upgrade` listener of an HTTP server: validates the handshake and hands it to the route of its path.
 */
export class UpgradeListener {
  readonly #routes = new Map<string | typeof anyPath, Route>();

  constructor(
    private readonly httpServer: Server,
    private readonly reporter: RefusalReporter,
  ) {
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
    socket.on('error', destroy);
    if (!route && this.httpServer.listenerCount('upgrade') > 1) {
      return;
    }
    const handshake = parseHandshake(request, head.length);
    const refusal = handshake instanceof Refusal || route ? handshake : unknownPath;
    if (refusal instanceof Refusal) {
      const address = request.socket.remoteAddress ?? '';
      this.reporter.refused(refusal, { path: target?.path ?? '', address }, 'handshake');
      refuseUpgrade(socket, refusal);
    } else {
      this.#hand(route!, { request, socket, handshake: refusal });
    }
  };

  /** Code of the application may throw on what a peer sends; an exception here would end the process. */
  #hand(route: Route, { request, socket, handshake }: Upgrade): void {
    try {
      route.upgrade(request, socket, handshake);
    } catch (cause) {
      const address = request.socket.remoteAddress ?? '';
      const failed = new Refusal('ERR_WS_AUTH_STRATEGY_FAILED', { cause });
      this.reporter.refused(failed, { path: handshake.target.path, address }, 'handshake');
      refuseUpgrade(socket, failed);
    }
  }
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly handshake: Handshake;
}

const unknownPath = new Refusal('ERR_WS_AUTH_UNKNOWN_PATH');

/** A reset by a peer that is nobody yet must not end the process. */
function destroy(this: Duplex): void {
  this.destroy();
}
