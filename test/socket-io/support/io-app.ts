import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INestApplication, LoggerService, ModuleMetadata, Provider } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { WsAuthModule, WsAuthSessions, type WsAuthModuleOptions } from '../../../lib/index.js';
import { socketIo } from '../../../lib/socket-io.js';
import { WsAuthService } from '../../../lib/module/ws-auth.service.js';
import { JwtStrategy } from '../../support/strategies.js';
import { openIo, type IoClient, type IoClientOptions } from './io-client.js';

/** How a connection is carried. */
export type IoTransport = 'polling' | 'websocket';

export const ioTransports: readonly IoTransport[] = ['polling', 'websocket'];

/** A running application with gateways of Socket.IO, and the clients that a test opened on it. */
export class IoApp implements AsyncDisposable {
  readonly #clients: IoClient[] = [];

  constructor(
    readonly nest: INestApplication,
    readonly port: number,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get sessions(): WsAuthSessions {
    return this.nest.get(WsAuthSessions, { strict: false });
  }

  /** Connections that are not authenticated yet. */
  get pending(): number {
    return this.nest.get(WsAuthService, { strict: false }).budget.total;
  }

  /** Opens an official client. */
  open(transport: IoTransport, options: IoClientOptions = {}, namespace = '/'): IoClient {
    const client = openIo(this.url + namespace, { transports: [transport], ...options });
    this.#clients.push(client);
    return client;
  }

  /** Opens one more namespace of the connection that a client has. */
  also(client: IoClient, namespace: string, auth: object): IoClient {
    const other = client.socket.io.socket(namespace, { auth: { ...auth } });
    const opened = new (client.constructor as new (socket: typeof other) => IoClient)(other);
    this.#clients.push(opened);
    return opened;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#clients.forEach((client) => client[Symbol.dispose]());
    await this.nest.close();
  }
}

/** How a test application runs. */
export interface IoStartOptions {
  readonly httpAdapter?: AbstractHttpAdapter;
  readonly port?: number;
  readonly imports?: ModuleMetadata['imports'];
  readonly logger?: LoggerService;
  readonly prepare?: (nest: INestApplication) => unknown;
}

/** Starts a real application with gateways of Socket.IO, and `JwtStrategy` as default. */
export async function startIo(
  options: WsAuthModuleOptions,
  providers: Provider[],
  {
    httpAdapter = new ExpressAdapter(),
    port = 0,
    imports = [],
    logger,
    prepare,
  }: IoStartOptions = {},
): Promise<IoApp> {
  const module = await Test.createTestingModule({
    imports: [
      WsAuthModule.forRoot({ strategy: 'jwt', platform: socketIo(), ...options }),
      ...imports,
    ],
    providers: [JwtStrategy, ...providers],
  })
    .setLogger(silent)
    .compile();
  const nest = module.createNestApplication(httpAdapter, {
    logger: logger ?? false,
    forceCloseConnections: true,
  });
  await prepare?.(nest);
  await nest.listen(port, '127.0.0.1');
  const server: Server = nest.getHttpServer();
  return new IoApp(nest, (server.address() as AddressInfo).port);
}

const silent: LoggerService = {
  log: () => undefined,
  error: () => undefined,
  warn: () => undefined,
};
