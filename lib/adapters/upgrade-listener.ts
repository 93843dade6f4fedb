import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { ContainedLogger } from '../events/contained-logger.js';
import { failed } from '../authentication/strategy-refusal.js';
import { clientKey } from '../policy/client-key.js';
import { listensOnUnixSocket, trustsUnixSocket } from '../policy/proxy-trust.js';
import { parseHandshake, type Handshake } from '../protocol/handshake.js';
import { Refusal, refusedBy } from '../protocol/refusal.js';
import { parseRequestTarget } from '../protocol/request-target.js';
import type { AdapterContext } from './adapter-context.js';
import { claimUpgrades, type ClaimedUpgrades } from './claim-upgrades.js';
import { refusePolling } from './refuse-polling.js';
import { refuseUpgrade } from './refuse.js';
import type { OpenConnections } from './open-connections.js';
import type { UpgradeRoute } from './route.js';
import { Subtrees } from './subtrees.js';
import { bytesWrittenTo, unlessAnswered } from './unanswered-upgrade.js';

/** What refusing an upgrade needs of the application, also where no route has its path. */
export type UpgradeContext = Pick<AdapterContext, 'reporter' | 'trust'>;

/** Path of a gateway that takes every path, as one on a port of its own without `path` does. */
export const anyPath = Symbol('any path');

const noEarlyBytes = Buffer.alloc(0);

/**
 * The one `upgrade` listener of an HTTP server: validates the handshake and hands it to the route of its path.
 *
 * An upgrade for one of the routes reaches no other listener. Every other one is left to the other listeners. If there are
 * no others, or if none answers, it is refused: with 404, or with 503 while the application closes.
 */
export class UpgradeListener {
  readonly #routes = new Map<string | typeof anyPath, UpgradeRoute>();
  readonly #subtrees = new Subtrees();
  /** Upgrades that were authenticated here and belong to another listener. */
  readonly #passedOn = new WeakSet<IncomingMessage>();
  /** Bytes that had been written to sockets when their upgrades came, before any listener. */
  readonly #written = new WeakMap<Duplex, number>();
  readonly #claimed: ClaimedUpgrades;
  #stopRefusing: (() => void) | undefined;

  constructor(
    private readonly httpServer: Server,
    private readonly context: UpgradeContext,
    private readonly connections: Pick<OpenConnections, 'whenAnswered'>,
  ) {
    httpServer.on('upgrade', this.#onUpgrade).on('listening', this.#onListening);
    this.#claimed = claimUpgrades(httpServer, this.#claim);
  }

  has(path: string | typeof anyPath): boolean {
    return this.#routes.has(path);
  }

  add(path: string | typeof anyPath, route: UpgradeRoute): void {
    this.#routes.set(path, route);
  }

  /** Adds a route for a path and everything below it that has no route of its own. */
  addSubtree(path: string, route: UpgradeRoute): void {
    this.#stopRefusing ??= refusePolling(this.httpServer, (url) => this.#subtrees.of(url)[0]?.path);
    this.#subtrees.add({ path, route });
  }

  /** Hands an upgrade that a route has authenticated to the other listeners. */
  passOn(request: IncomingMessage, socket: Duplex): void {
    this.#passedOn.add(request);
    this.#claimed.emit(request, socket, noEarlyBytes);
  }

  /** `ws` handles the errors of the socket from now on. */
  leave(socket: Duplex): void {
    socket.off('error', destroy);
  }

  /** Whether the application closes, so that another attempt may reach another node. */
  get isClosing(): boolean {
    return this.#all.every((route) => route.isClosing);
  }

  /**
   * Refuses every upgrade from now on, with 503. The HTTP server still accepts connections until it has closed: an upgrade
   * without a listener would be a plain request, and Express answers that with 404, after which clients give up.
   */
  close(): void {
    for (const route of this.#all) {
      if (!route.isClosing) {
        route.close();
      }
    }
  }

  /** Leaves the server as it was found. */
  release(): void {
    this.#stopRefusing?.();
    this.#claimed.release();
    this.httpServer.off('upgrade', this.#onUpgrade).off('listening', this.#onListening);
  }

  get #all(): readonly UpgradeRoute[] {
    return [...this.#routes.values(), ...this.#subtrees.all.map(({ route }) => route)];
  }

  /** The route of an upgrade; a refusal where servers of different routes may take it for theirs. */
  #routeOf(request: IncomingMessage): UpgradeRoute | Refusal | undefined {
    if (this.#passedOn.has(request)) {
      return undefined;
    }
    const exact = this.#routes.get(pathOf(request));
    if (exact) {
      return exact;
    }
    const [subtree, other] = this.#subtrees.of(request.url ?? '');
    return other ? this.#unknownPath() : (subtree?.route ?? this.#routes.get(anyPath));
  }

  /** Only the proxy in front of a Unix socket knows the addresses of clients. */
  readonly #onListening = (): void => {
    if (listensOnUnixSocket(this.httpServer) && !trustsUnixSocket(this.context.trust)) {
      new ContainedLogger('WsAuth').warn(
        "trustProxy: the server listens on a Unix socket, so no client has an address, and limits per address do not hold; set trustProxy: 'loopback'",
      );
    }
  };

  /** Receives what was not claimed, and every upgrade from code that calls the listeners by itself. */
  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (this.#claim(request, socket, head)) {
      return;
    }
    socket.on('error', destroy);
    const refuse = () => {
      const handshake = parseHandshake(request, head.length);
      const refusal = this.isClosing ? shuttingDown : this.#unknownPath();
      this.#refuse(handshake instanceof Refusal ? handshake : refusal, request, socket);
    };
    if (this.httpServer.listenerCount('upgrade') === 1) {
      this.connections.whenAnswered(socket, refuse);
    } else if (!this.#passedOn.has(request)) {
      const { connections } = this;
      const now = bytesWrittenTo(socket);
      const before = this.#written.get(socket) ?? now;
      connections.whenAnswered(socket, () => {
        // Answers to requests before it may have been written meanwhile.
        const since = bytesWrittenTo(socket);
        unlessAnswered(socket, since === now ? before : since, refuse);
      });
    }
  };

  #unknownPath(): Refusal {
    const ofGateways = [...this.#routes.keys()].filter((path) => typeof path === 'string');
    const paths = [...ofGateways, ...this.#subtrees.all.map(({ path }) => `${path}/**`)];
    return refusedBy('path', 'ERR_WS_AUTH_UNKNOWN_PATH', {
      paths: paths.toSorted().slice(0, maxPaths),
    });
  }

  readonly #claim = (request: IncomingMessage, socket: Duplex, head: Buffer): boolean => {
    const route = this.#routeOf(request);
    if (!route) {
      if (!this.#written.has(socket)) {
        this.#written.set(socket, bytesWrittenTo(socket));
      }
      return false;
    }
    socket.on('error', destroy);
    const handshake = parseHandshake(request, head.length);
    this.connections.whenAnswered(socket, () => {
      if (handshake instanceof Refusal) {
        this.#refuse(handshake, request, socket);
      } else if (route instanceof Refusal) {
        this.#refuse(this.isClosing ? shuttingDown : route, request, socket);
      } else {
        this.#hand(route, request, socket, handshake);
      }
    });
    return true;
  };

  /** Code of the application may throw on what a peer sends; an exception here would end the process. */
  #hand(route: UpgradeRoute, request: IncomingMessage, socket: Duplex, handshake: Handshake): void {
    try {
      route.upgrade(request, socket, handshake);
    } catch (cause) {
      this.#refuse(failed(cause), request, socket);
    }
  }

  #refuse(refusal: Refusal, request: IncomingMessage, socket: Duplex): void {
    const { reporter, trust } = this.context;
    const from = { path: pathOf(request), address: clientKey(request, trust) };
    reporter.refused(refusal, from, 'handshake');
    refuseUpgrade(socket, refusal);
  }
}

/** Most paths that the line of a refusal names. */
const maxPaths = 10;

const shuttingDown = refusedBy('closing', 'ERR_WS_AUTH_SHUTTING_DOWN');

function pathOf({ url = '' }: IncomingMessage): string {
  return parseRequestTarget(url)?.path ?? '';
}

/** Without a listener of `error`, a reset by an unauthenticated peer would end the process. */
function destroy(this: Duplex): void {
  this.destroy();
}
