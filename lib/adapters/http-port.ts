import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Duplex } from 'node:stream';
import type { ServerOptions, WebSocketServer } from 'ws';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { Refusal } from '../protocol/refusal.js';
import type { CookieBridge } from '../cookie-bridge/cookie-bridge.js';
import { parseRequestTarget } from '../protocol/request-target.js';
import { contain } from './contain.js';
import { drainBacklog } from './drain-backlog.js';
import { OpenConnections } from './open-connections.js';
import { refuseRequest } from './refuse.js';
import type { Route, UpgradeRoute } from './route.js';
import { UpgradeListener, type anyPath, type UpgradeContext } from './upgrade-listener.js';

/** An HTTP server with gateways on it: the application's own, or one that is made for a port. */
export class HttpPort {
  readonly #connections: OpenConnections;
  readonly #upgrades: UpgradeListener;
  readonly #bridges = new Map<string, CookieBridge>();
  /** Listeners that answered requests before a bridge was put in front of them. */
  #answering: readonly RequestListener[] | undefined;
  readonly #webSocketServers: WebSocketServer[] = [];

  private constructor(
    private readonly server: Server,
    context: UpgradeContext,
    readonly isApplication: boolean,
  ) {
    this.#connections = new OpenConnections(server);
    this.#upgrades = new UpgradeListener(server, context, this.#connections);
  }

  static ofApplication(server: Server, context: UpgradeContext): HttpPort {
    return new HttpPort(server, context, true);
  }

  /** Makes a server that answers upgrades, bridges, and every other request with 426. */
  static listen(port: number, { host, backlog }: ServerOptions, context: UpgradeContext): HttpPort {
    const server = createServer();
    const made = new HttpPort(server, context, false);
    server.on('request', demandUpgrade);
    made.#announce();
    server.listen({ port, host, backlog });
    return made;
  }

  /** @throws {WsAuthConfigurationError} if another gateway has the path. */
  add(path: string | typeof anyPath, route: Route): void {
    if (this.#upgrades.has(path)) {
      throw new WsAuthConfigurationError(
        `path: two gateways write the path ${String(path)} differently; write it the same way, or give each its own`,
      );
    }
    this.#upgrades.add(path, route);
    if (!this.isApplication) {
      this.#impersonate(route);
    }
  }

  /**
   * Adds a route in front of a server of another package, for a path and everything below it.
   *
   * @throws {WsAuthConfigurationError} if a gateway has the path.
   */
  addSubtree(path: string, route: UpgradeRoute): void {
    if (this.#upgrades.has(path)) {
      throw new WsAuthConfigurationError(
        `upgrades: ${path} is the path of a gateway, which has a policy of its own; give the other server another path`,
      );
    }
    this.#upgrades.addSubtree(path, route);
  }

  /** Hands an authenticated upgrade to the other listeners of the server. */
  passOn(request: IncomingMessage, socket: Duplex): void {
    this.#upgrades.passOn(request, socket);
  }

  /** A session of a gateway has the socket from now on: it handles the errors of the socket, and closes it in time. */
  handOver(socket: Duplex): void {
    this.#connections.leave(socket);
    this.#upgrades.leave(socket);
  }

  /**
   * Answers a path before all other listeners: on the application's own server before its middleware, so that neither its
   * CORS rules nor its body parsers apply.
   *
   * @throws {WsAuthConfigurationError} if another bridge has the path.
   */
  addBridge(bridge: CookieBridge): void {
    if (this.#bridges.has(bridge.path)) {
      throw new WsAuthConfigurationError(
        `fromCookie.bridge.path: two gateways have a bridge at ${bridge.path}; give each its own`,
      );
    }
    this.#bridges.set(bridge.path, bridge);
    if (!this.#answering) {
      this.#answering = this.server.listeners('request') as RequestListener[];
      this.server.removeAllListeners('request').on('request', this.#onRequest);
    }
  }

  /**
   * Refuses upgrades with 503, and stops listening on a port of its own. The application's own server is closed by Nest
   * afterwards and accepts connections until then, so its listeners stay until {@link release}.
   */
  async dispose(): Promise<void> {
    this.#upgrades.close();
    await this.drain();
    this.#connections.closing();
    if (!this.isApplication) {
      await this.#stopListening();
      this.release();
    }
  }

  /** Answers the upgrades of connections that wait in the backlog of the server, which is about to close. */
  drain(): Promise<void> {
    return drainBacklog(this.server);
  }

  /** Bounds the time that closing the server may take, from now on. */
  endWithin(timeoutMs: number): void {
    this.#connections.endWithin(timeoutMs);
  }

  /** Leaves the HTTP server as it was found. */
  release(): void {
    this.#upgrades.release();
    if (this.#answering) {
      this.server.off('request', this.#onRequest);
      this.#answering.forEach((listener) => this.server.on('request', listener));
    }
    this.#connections.release();
  }

  #stopListening(): Promise<void> {
    return new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  /** Gateways ask their WebSocket server for its address, and listen to its `listening` and `error` events. */
  #impersonate({ server }: Route): void {
    server.address = () => this.server.address();
    this.#webSocketServers.push(server);
  }

  #announce(): void {
    this.server.on('listening', () => {
      this.#emit('listening');
    });
    this.server.on('error', (error) => {
      this.#emit('error', error);
    });
  }

  #emit(event: 'listening' | 'error', ...args: unknown[]): void {
    for (const server of this.#webSocketServers) {
      contain(`a listener of "${event}"`, () => void server.emit(event, ...args));
    }
  }

  readonly #onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const path = parseRequestTarget(request.url ?? '')?.path;
    const bridge = this.#bridges.get(path ?? '');
    if (bridge && this.#upgrades.isClosing) {
      refuseRequest(response, new Refusal('ERR_WS_AUTH_SHUTTING_DOWN'));
    } else if (bridge) {
      bridge.answer(request, response);
    } else {
      this.#answering?.forEach((listener) => listener.call(this.server, request, response));
    }
  };
}

/** Answers a plain request to a WebSocket port. */
function demandUpgrade(_request: IncomingMessage, response: ServerResponse): void {
  refuseRequest(response, new Refusal('ERR_WS_AUTH_UPGRADE_REQUIRED'));
}
