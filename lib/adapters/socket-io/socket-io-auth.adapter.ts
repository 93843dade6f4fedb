import type { Server } from 'node:http';
import type { INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAuthConfigurationError } from '../../errors/ws-auth.error.js';
import { ContainedLogger } from '../../events/contained-logger.js';
import type { AdapterContext } from '../adapter-context.js';
import { demandContextIn } from '../context-in.js';
import { overrides } from '../overrides.js';
import { containCors } from './internals/contain-options.js';
import { dropUnsound } from './internals/drop-unsound.js';
import type { Engine } from './internals/engine.js';
import { demandKnownInternals } from './internals/self-check.js';
import type { IoNamespace, IoServer, IoServerOptions, IoSocket } from './platform-types.js';
import { dispatchMessages } from './message-dispatch.js';
import { ServerGate } from './server-gate.js';
import {
  demandFreeProperty,
  demandPossiblePolicy,
  demandTimeToAuthenticate,
  refuseUnsafeOptions,
} from './server-options.js';
import { allowUntilDrain, PublicServer } from './public-server.js';
import { ServerPaths } from './server-paths.js';
import { StrayUpgrades } from './stray-upgrades.js';

/** Options as Nest hands them to the adapter. */
type CreateOptions = IoServerOptions & {
  readonly namespace?: string;
  readonly server?: IoServer;
};

/** What stands in front of one server. */
type Gate = ServerGate | PublicServer;

/** Where a server listens. */
interface Address {
  readonly port: number;
  readonly path: string | undefined;
}

/** The port of gateways that live on the application's own server. */
const applicationPort = 0;

/**
 * A drop-in for `IoAdapter`: a gateway of Socket.IO receives a client when it has a session, not before.
 *
 * `WsAuthModule.forRoot()` installs it. Derive from it where `IoAdapter` was derived from, as for the adapter of Redis.
 *
 * @example
 * ```ts
 * class RedisIoAdapter extends WsAuthIoAdapter {
 *   override createIOServer(port: number, options?: ServerOptions) {
 *     const server = super.createIOServer(port, options);
 *     server.adapter(createAdapter(publisher, subscriber));
 *     return server;
 *   }
 * }
 * ```
 * @publicApi
 */
export class WsAuthIoAdapter extends IoAdapter {
  /** @internal */
  protected override readonly logger = new ContainedLogger(IoAdapter.name);
  readonly #gates = new Map<object, Gate>();
  readonly #paths = new ServerPaths();
  readonly #strays = new WeakMap<object, StrayUpgrades>();
  /** Where the server that is being made listens. `createIOServer()` may be overridden, and does not receive all of it. */
  #making: Address | undefined;
  #context: AdapterContext | undefined;

  /** @throws {WsAuthConfigurationError} for a value that is not an application. */
  constructor(private readonly app?: INestApplicationContext) {
    super(app);
    if (app !== undefined && typeof (app as { get?: unknown } | null)?.get !== 'function') {
      throw new WsAuthConfigurationError(
        'WsAuthIoAdapter: expected the Nest application, new WsAuthIoAdapter(app)',
      );
    }
  }

  /** @internal */
  attach(context: AdapterContext): this {
    this.#context = context;
    return this;
  }

  /** @throws {WsAuthConfigurationError} without `WsAuthModule`, and for options that would leave gateways open. */
  override create(port: number, options: CreateOptions = {}): IoServer | IoNamespace {
    const { path, namespace = '/', server } = options;
    this.#making = { port, path };
    const made = super.create(port, options as Parameters<IoAdapter['create']>[1]);
    const io = server ?? ('of' in made ? made : made.server);
    const context = this.#demandContext();
    const access = context.accessOf(port, path, namespace);
    if (access) {
      const expect = context.expectationOn(port, path, namespace);
      const joined = 'of' in made ? made.of('/') : made;
      this.#gateOf(io).addNamespace(joined, { access, expect });
    }
    return made;
  }

  /** Makes a server whose clients have to authenticate. */
  override createIOServer(
    port: number,
    options?: Parameters<IoAdapter['createIOServer']>[1],
  ): IoServer {
    const given: IoServerOptions = { ...options, ...containCors({ ...options }) };
    const address = this.#making ?? { port, path: given.path };
    this.#making = undefined;
    refuseUnsafeOptions(given);
    const prefix = this.#paths.add(port, given);
    const adapterContext = this.#demandContext();
    const context = adapterContext.sessionContextOf(address.port, address.path);
    if (!context) {
      return this.#open(port, given, prefix);
    }
    demandPossiblePolicy(context.policy);
    demandFreeProperty(context.policy);
    demandTimeToAuthenticate(context.policy, given);
    const gate = new ServerGate(context, adapterContext, given.allowRequest);
    const allowRequest = gate.allowRequest;
    const server = this.#listen(port, { ...given, allowRequest }, prefix);
    demandKnownInternals(server);
    gate.protect(server, given);
    this.#gates.set(server, gate);
    return server;
  }

  /** @internal */
  hasMade(server: Partial<IoServer & IoNamespace>): boolean {
    return this.#gates.has(server.of ? server : Object(server.server));
  }

  /** Dispatches the messages of a client to the handlers of a gateway. A reply that cannot be sent is logged. */
  override bindMessageHandlers(
    socket: IoSocket,
    handlers: Parameters<IoAdapter['bindMessageHandlers']>[1],
    transform: Parameters<IoAdapter['bindMessageHandlers']>[2],
  ): void {
    const isOverridden = overrides(this, WsAuthIoAdapter.prototype, 'bindMessageHandlers');
    dispatchMessages(socket, handlers, {
      map: (payload) => this.mapPayload(payload),
      transform: isOverridden ? transform : undefined,
    });
  }

  /** Ends the sessions of a server, and waits for its connections until the deadline. */
  override async close(server: IoServer): Promise<void> {
    const gate = this.#gates.get(server);
    await gate?.close();
    gate?.release();
    if (typeof (server as Partial<IoServer>).close === 'function') {
      await server.close();
    }
  }

  #gateOf(server: IoServer): Gate {
    const gate = this.#gates.get(server);
    if (!gate) {
      throw new WsAuthConfigurationError(
        'WsAuthIoAdapter: createIOServer() returned a server that it has not made; return that of super.createIOServer()',
      );
    }
    return gate;
  }

  /** A server of public gateways alone. */
  #open(port: number, options: IoServerOptions, prefix: string): IoServer {
    const { drain, shutdownTimeoutMs } = this.#demandContext();
    const allowRequest = allowUntilDrain(drain, options.allowRequest);
    const server = this.#listen(port, { ...options, allowRequest }, prefix);
    this.#gates.set(server, new PublicServer(server, shutdownTimeoutMs));
    return server;
  }

  #listen(port: number, options: IoServerOptions, prefix: string): IoServer {
    const { httpServer } = this.#demandContext();
    if (port === applicationPort) {
      // Nest gives it to adapters that are made with the application.
      (this as unknown as { httpServer: unknown }).httpServer ??= httpServer;
    }
    const all = { ...options, destroyUpgrade: false };
    const server: IoServer = super.createIOServer(
      port,
      all as Parameters<IoAdapter['createIOServer']>[1],
    );
    dropUnsound(server.engine as unknown as Engine, options.parser);
    const http = server.httpServer as Server;
    const strays = this.#strays.get(http) ?? new StrayUpgrades(http);
    this.#strays.set(http, strays);
    strays.add(prefix, options);
    return server;
  }

  #demandContext(): AdapterContext {
    this.#context ??= demandContextIn(this.app, 'WsAuthIoAdapter');
    return this.#context;
  }
}
