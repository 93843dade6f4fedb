import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { failed } from '../authentication/strategy-refusal.js';
import { parseHandshake, type Handshake } from '../protocol/handshake.js';
import { Refusal } from '../protocol/refusal.js';
import { parseRequestTarget } from '../protocol/request-target.js';
import { claimUpgrades } from './claim-upgrades.js';
import type { RefusalReporter } from './refusal-reporter.js';
import { refuseUpgrade } from './refuse.js';
import type { Route } from './route.js';

/** Path of a gateway that takes every path, as one on a port of its own without `path` does. */
export const anyPath = Symbol('any path');

/**
 * The one `upgrade` listener of an HTTP server: validates the handshake and hands it to the route of its path.
 *
 * An upgrade for one of the routes is seen by nobody else. Every other one is left to the other listeners, or refused
 * with 404 if there are none.
 */
export class UpgradeListener {
  readonly #routes = new Map<string | typeof anyPath, Route>();
  readonly #releaseClaim: () => void;

  constructor(
    private readonly httpServer: Server,
    private readonly reporter: RefusalReporter,
  ) {
    httpServer.on('upgrade', this.#onUpgrade);
    this.#releaseClaim = claimUpgrades(httpServer, this.#claim);
  }

  has(path: string | typeof anyPath): boolean {
    return this.#routes.has(path);
  }

  add(path: string | typeof anyPath, route: Route): void {
    this.#routes.set(path, route);
  }

  dispose(): void {
    this.#releaseClaim();
    this.httpServer.off('upgrade', this.#onUpgrade);
  }

  /** Hears of what was not claimed, and of everything from code that calls listeners by itself. */
  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (this.#claim(request, socket, head)) {
      return;
    }
    socket.on('error', destroy);
    if (this.httpServer.listenerCount('upgrade') === 1) {
      const handshake = parseHandshake(request, head.length);
      this.#refuse(handshake instanceof Refusal ? handshake : unknownPath, request, socket);
    }
  };

  readonly #claim = (request: IncomingMessage, socket: Duplex, head: Buffer): boolean => {
    const route = this.#routes.get(pathOf(request)) ?? this.#routes.get(anyPath);
    if (!route) {
      return false;
    }
    socket.on('error', destroy);
    const handshake = parseHandshake(request, head.length);
    if (handshake instanceof Refusal) {
      this.#refuse(handshake, request, socket);
    } else {
      this.#hand(route, request, socket, handshake);
    }
    return true;
  };

  /** Code of the application may throw on what a peer sends; an exception here would end the process. */
  #hand(route: Route, request: IncomingMessage, socket: Duplex, handshake: Handshake): void {
    try {
      route.upgrade(request, socket, handshake);
    } catch (cause) {
      this.#refuse(failed(cause), request, socket);
    }
  }

  #refuse(refusal: Refusal, request: IncomingMessage, socket: Duplex): void {
    const from = { path: pathOf(request), address: request.socket.remoteAddress ?? '' };
    this.reporter.refused(refusal, from, 'handshake');
    refuseUpgrade(socket, refusal);
  }
}

const unknownPath = new Refusal('ERR_WS_AUTH_UNKNOWN_PATH');

function pathOf({ url = '' }: IncomingMessage): string {
  return parseRequestTarget(url)?.path ?? '';
}

/** A reset by a peer that is nobody yet must not end the process. */
function destroy(this: Duplex): void {
  this.destroy();
}
