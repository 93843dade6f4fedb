import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { ServerOptions, WebSocketServer } from 'ws';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { Refusal } from '../protocol/refusal.js';
import type { RequestHandler } from './adapter-context.js';
import type { RefusalReporter } from './refusal-reporter.js';
import { refuseRequest } from './refuse.js';
import type { Route } from './route.js';
import { UpgradeListener, type anyPath } from './upgrade-listener.js';

/** An HTTP server with gateways on it: the application's own, or one that is made for a port. */
export class HttpPort {
  readonly #upgrades: UpgradeListener;
  readonly #handlers: RequestHandler[] = [];
  readonly #webSocketServers: WebSocketServer[] = [];

  private constructor(
    private readonly server: Server,
    reporter: RefusalReporter,
    readonly isApplication: boolean,
  ) {
    this.#upgrades = new UpgradeListener(server, reporter);
  }

  static ofApplication(server: Server, reporter: RefusalReporter): HttpPort {
    return new HttpPort(server, reporter, true);
  }

  /** Makes a server that answers upgrades, bridges, and every other request with 426. */
  static listen(
    port: number,
    { host, backlog }: ServerOptions,
    reporter: RefusalReporter,
  ): HttpPort {
    const server = createServer();
    const made = new HttpPort(server, reporter, false);
    server.on('request', made.#onRequest);
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

  handleRequests(handler: RequestHandler): void {
    this.#handlers.push(handler);
  }

  /** Stops listening. The application's own server is left as it was found. */
  async dispose(): Promise<void> {
    this.#upgrades.dispose();
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
    if (!this.#handlers.some((handle) => handle(request, response))) {
      refuseRequest(response, new Refusal('ERR_WS_AUTH_UPGRADE_REQUIRED'));
    }
  };
}
