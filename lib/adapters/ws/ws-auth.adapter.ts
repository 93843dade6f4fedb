import type { Duplex } from 'node:stream';
import type { INestApplicationContext } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import type { MessageMappingProperties } from '@nestjs/websockets';
import { WebSocketServer, type ServerOptions, type WebSocket } from 'ws';
import { cookieBridge } from '../../cookie-bridge/cookie-bridge.js';
import { WsAuthConfigurationError } from '../../errors/ws-auth.error.js';
import { ContainedLogger } from '../../events/contained-logger.js';
import { checkOptions, type RowsOf } from '../../policy/check-options.js';
import { callable } from '../../policy/option-rows.js';
import type { Policy } from '../../policy/policy.js';
import type { AdapterContext } from '../adapter-context.js';
import { demandContextIn } from '../context-in.js';
import { closeGraceMs } from '../close-grace.js';
import { announceSessionsOnly } from './announce-sessions.js';
import { containedParser } from './contained-parser.js';
import { containConnectionListeners } from './contained-web-socket.js';
import { closedGate } from './gate.js';
import { demandEffectiveOptions } from './gateway-options.js';
import { gatedWebSocket } from './gated-web-socket.js';
import { HttpPort } from '../http-port.js';
import { overrides } from '../overrides.js';
import { dispatchFrames, dispatchMessages } from './message-dispatch.js';
import { InternalsCheck } from './internals/internals-check.js';
import { limitsOfGateway, limitsWithoutSession, strictest } from './internals/receiver-limits.js';
import { refuseOptionsOfSocketIo } from './socket-io-options.js';
import { ProtectedRoute, type ProtectedRouteOptions } from './protected-route.js';
import { PublicRoute } from './public-route.js';
import {
  demandExactPath,
  routePathname,
  checkedProtocols,
  SubprotocolChoice,
  type Route,
} from '../route.js';
import { anyPath } from '../upgrade-listener.js';
import { watchedVerification } from './verification.js';

/** Options of `WsAdapter`. */
export type WsAuthAdapterOptions = NonNullable<ConstructorParameters<typeof WsAdapter>[1]>;

const adapterOptions = {
  messageParser: callable<WsAuthAdapterOptions['messageParser']>(),
} satisfies RowsOf<WsAuthAdapterOptions>;

/** What a protected route is made of, besides its server. */
type ProtectedRouteParts = Omit<ProtectedRouteOptions, 'server' | 'limits'>;

/**
 * Pieces in which a message may arrive. `ws` takes them from the front of a list, which V8 moves as a whole once it is long: with the
 * default of `ws`, four times as many, a message in single bytes costs seconds.
 */
const maxBufferedChunks = 65_536;

/** The port of gateways that live on the application's own server. */
const applicationPort = 0;

/**
 * A drop-in for `WsAdapter` that owns the `upgrade` event: a gateway receives a client when it has a session, not before.
 *
 * `WsAuthModule.forRoot()` installs it. Make one yourself only to pass options:
 * `app.useWebSocketAdapter(new WsAuthAdapter(app, { messageParser }))`.
 *
 * @example
 * ```ts
 * app.useWebSocketAdapter(new WsAuthAdapter(app, { messageParser: (data) => JSON.parse(String(data)) }));
 * ```
 * @publicApi
 */
export class WsAuthAdapter extends WsAdapter {
  /** @internal */
  protected override readonly logger = new ContainedLogger(WsAdapter.name);
  readonly #ports = new Map<number, HttpPort>();
  readonly #routes = new Map<object, Route>();
  readonly #internals = new InternalsCheck();
  readonly #builtInParser = this.messageParser;
  #context: AdapterContext | undefined;

  /** @throws {WsAuthConfigurationError} for an option that is unknown or invalid, and for a value that is not an application. */
  constructor(
    private readonly app?: INestApplicationContext,
    options: WsAuthAdapterOptions = {},
  ) {
    super(app);
    if (app !== undefined && typeof (app as { get?: unknown } | null)?.get !== 'function') {
      throw new WsAuthConfigurationError(
        'WsAuthAdapter: expected the Nest application, new WsAuthAdapter(app); where it is served by several HTTP servers, forward ' +
          "the event 'upgrade' of the others to app.getHttpServer()",
      );
    }
    const { messageParser } = checkOptions(adapterOptions, options, 'WsAuthAdapter');
    if (messageParser) {
      this.setMessageParser(messageParser);
    }
  }

  /** @internal */
  attach(context: AdapterContext): this {
    this.#context = context;
    return this;
  }

  /** @throws {WsAuthConfigurationError} without `WsAuthModule`, and for gateways that cannot be distinguished. */
  override create(port: number, options: ServerOptions = {}): WebSocketServer {
    const { path, ...others } = options;
    const { handleProtocols: handle } = others;
    const wsOptions = handle ? { ...others, handleProtocols: checkedProtocols(handle) } : others;
    refuseOptionsOfSocketIo(options);
    demandEffectiveOptions(options, port !== applicationPort);
    demandExactPath(path);
    const adapterContext = this.#demandContext();
    const context = adapterContext.sessionContextOf(port, path);
    const httpPort = this.#portOf(port, wsOptions);
    const subprotocols = new SubprotocolChoice(wsOptions.handleProtocols);
    const expect = adapterContext.expectationOn(port, path);
    const handOver = (socket: Duplex) => httpPort.handOver(socket);
    const route = context
      ? this.#protect(wsOptions, { context, subprotocols, expect, handOver })
      : new PublicRoute(
          this.#createServer(wsOptions, { WebSocket: gatedWebSocket(wsOptions.WebSocket) }),
          expect,
          adapterContext.drain,
        );
    const { server } = route;
    httpPort.add(routePath(port, path), route);
    this.#routes.set(server, route);
    this.#serveBridges(context?.policy, httpPort, path);
    return server;
  }

  /** @internal */
  hasMade(server: object): boolean {
    return this.#routes.has(server);
  }

  /** Dispatches the messages of a client to the handlers of a gateway, in order. */
  override bindMessageHandlers(
    client: WebSocket,
    handlers: MessageMappingProperties[],
    transform?: Parameters<WsAdapter['bindMessageHandlers']>[2],
  ): void {
    const isDerived = overrides(
      this,
      WsAuthAdapter.prototype,
      'bindMessageHandler',
      'bindMessageHandlers',
    );
    if (transform && isDerived) {
      dispatchFrames(client, handlers, (...frame) => this.bindMessageHandler(...frame, transform));
    } else {
      dispatchMessages(client, handlers, this.#parse);
    }
  }

  /** A socket closes once, so it takes no `once()`, which costs two more functions for every socket. */
  override bindClientDisconnect(client: WebSocket, callback: (code: number) => void): void {
    client.on('close', callback);
  }

  /** Closes the sockets of a server with 1001, and waits for them until the deadline. */
  override async close(server: WebSocketServer): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    this.#boundClosing();
    this.#routes.get(server)?.close();
    await closed;
  }

  /** Closes the ports of gateways. On the application's own server upgrades are refused with 503 until Nest has closed it. */
  override async dispose(): Promise<void> {
    this.#boundClosing();
    await Promise.all(Array.from(this.#ports.values(), (port) => port.dispose()));
    this.#ports.clear();
    this.#routes.clear();
  }

  /** From the first server that is closed, since all of them have to be within the same time. */
  #boundClosing(): void {
    for (const port of this.#ports.values()) {
      port.endWithin(this.#demandContext().shutdownTimeoutMs);
    }
  }

  #demandContext(): AdapterContext {
    this.#context ??= demandContextIn(this.app, 'WsAuthAdapter');
    return this.#context;
  }

  #portOf(port: number, options: ServerOptions): HttpPort {
    const known = this.#ports.get(port);
    if (known) {
      return known;
    }
    const context = this.#demandContext();
    const ofApplication = port === applicationPort ? context.applicationPort : undefined;
    const made = ofApplication ?? HttpPort.listen(port, options, context);
    this.#ports.set(port, made);
    return made;
  }

  /** The server is made with the bounds from before authentication; each session raises its own. */
  #protect(options: ServerOptions, parts: ProtectedRouteParts): Route {
    const { policy } = parts.context;
    this.#internals.check(options, policy);
    const limits = limitsOfGateway(options);
    const server = this.#createServer(options, {
      ...strictest(limits, limitsWithoutSession(policy.limits)),
      handleProtocols: parts.subprotocols.answer,
      WebSocket: gatedWebSocket(options.WebSocket, closedGate),
    });
    announceSessionsOnly(server);
    return new ProtectedRoute({ ...parts, server, limits });
  }

  #createServer(options: ServerOptions, ours: ServerOptions): WebSocketServer {
    const server = new WebSocketServer({
      closeTimeout: closeGraceMs.session,
      maxBufferedChunks,
      ...options,
      ...(options.verifyClient && { verifyClient: watchedVerification(options.verifyClient) }),
      ...ours,
      noServer: true,
    } as ServerOptions);
    containConnectionListeners(server);
    return this.bindErrorHandler(server) as WebSocketServer;
  }

  #serveBridges(policy: Policy | undefined, httpPort: HttpPort, path: string | undefined): void {
    for (const extractor of policy?.bridges ?? []) {
      httpPort.addBridge(cookieBridge(extractor, policy!, routePathname(path)));
    }
  }

  readonly #parse = containedParser(
    (data) => this.messageParser(data),
    () => this.messageParser === this.#builtInParser,
  );
}

function routePath(port: number, path: string | undefined): string | typeof anyPath {
  return port !== applicationPort && !path ? anyPath : routePathname(path);
}
