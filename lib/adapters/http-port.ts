import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { ServerOptions, WebSocketServer } from 'ws';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { Refusal } from '../protocol/refusal.js';
import type { CookieBridge } from '../cookie-bridge/cookie-bridge.js';
import { parseRequestTarget } from '../protocol/request-target.js';
import { refuseRequest } from './refuse.js';
import type { Route } from './route.js';
import { UpgradeListener, type anyPath, type UpgradeContext } from './upgrade-listener.js';

/** An HTTP server with gateways on it: the application's own, or one that is made for a port. */
export class HttpPort {
  readonly #upgrades: UpgradeListener;
  readonly #bridges = new Map<string, CookieBridge>();
  /** Who answered requests before a bridge came first. */
  #answering: readonly RequestListener[] | undefined;
  readonly #webSocketServers: WebSocketServer[] = [];

  private constructor(
    private readonly server: Server,
    context: UpgradeContext,
    readonly isApplication: boolean,
  ) {
    this.#upgrades = new UpgradeListener(server, context);
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
   * Answers a path before anybody else does: on the application's own server before its middleware, so that neither its
   * CORS rules nor its body parsers get hold of it.
   *
   * @throws {WsAuthConfigurationError} if another bridge has the path.
   */
  addBridge(bridge: CookieBridge): void {
    if (this.#bridges.has(bridge.path)) {
      throw new WsAuthConfigurationError(
        `bridge.path: two gateways have a bridge at ${bridge.path}; give each its own`,
      );
    }
    this.#bridges.set(bridge.path, bridge);
    if (!this.#answering) {
      this.#answering = this.server.listeners('request') as RequestListener[];
      this.server.removeAllListeners('request').on('request', this.#onRequest);
    }
  }

  /** Stops listening. The application's own server is left as it was found. */
  async dispose(): Promise<void> {
    this.#upgrades.dispose();
    if (this.#answering) {
      this.server.off('request', this.#onRequest);
      this.#answering.forEach((listener) => this.server.on('request', listener));
    }
    if (!this.isApplication) {
      await new Promise<void>((resolve) => {
        this.server.close(() => resolve());
        this.server.closeAllConnections();
      });
    }
  }

  /** Gateways ask their WebSocket server for its address, and listen to its `listening` and `error` events. */
  #impersonate({ server }: Route): void {
    server.address = () => this.server.address();
    this.#webSocketServers.push(server);
  }

  #announce(): void {
    this.server.on('listening', () => {
      this.#webSocketServers.forEach((server) => server.emit('listening'));
    });
    this.server.on('error', (error) => {
      this.#webSocketServers.forEach((server) => server.emit('error', error));
    });
  }

  readonly #onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const path = parseRequestTarget(request.url ?? '')?.path;
    const bridge = this.#bridges.get(path ?? '');
    if (bridge) {
      bridge.answer(request, response);
    } else {
      this.#answering?.forEach((listener) => listener.call(this.server, request, response));
    }
  };
}

/** Answers whoever comes to a WebSocket port without wanting an upgrade. */
function demandUpgrade(_request: IncomingMessage, response: ServerResponse): void {
  refuseRequest(response, new Refusal('ERR_WS_AUTH_UPGRADE_REQUIRED'));
}
