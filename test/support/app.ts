import { once } from 'node:events';
import type { Server } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import type { INestApplication, LoggerService, ModuleMetadata, Provider } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { WsAuthModule, type WsAuthModuleOptions } from '../../lib/index.js';
import {
  connectAs,
  type ConnectAsOptions,
  type WsSessionClient,
  type WsTestClient,
} from '../../lib/testing.js';
import { TestClient, type ConnectOptions } from './client.js';
import { EchoGateway } from './gateways.js';
import { JwtStrategy } from './strategies.js';
import { patient } from './patience.js';

/** A running application and the clients that a test opened on it. */
export class TestApp implements AsyncDisposable {
  readonly #clients: WsTestClient[] = [];

  constructor(
    readonly nest: INestApplication,
    readonly port: number,
  ) {}

  url(path = '/', protocol = 'ws'): string {
    return `${protocol}://127.0.0.1:${this.port}${path}`;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  connect(path = '/', options: ConnectOptions = {}): TestClient {
    return this.connectTo(this.url(path), options);
  }

  connectTo(url: string, options: ConnectOptions = {}): TestClient {
    const client = new TestClient(url, options);
    this.#clients.push(client);
    return client;
  }

  /** A client of a user, or of the user with that id, for tests that are not about the credential. */
  async connectAs(user: object | string, options: ConnectAsOptions = {}): Promise<WsSessionClient> {
    const value = typeof user === 'string' ? { id: user } : user;
    const client = await connectAs(this.nest, value, {
      path: '/',
      timeoutMs: patient(15_000),
      ...options,
    });
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client[Symbol.asyncDispose]()));
    await this.nest.close();
  }
}

/** How a test application runs. */
export interface StartOptions {
  /** @default Express */
  readonly httpAdapter?: AbstractHttpAdapter;
  /** @default none */
  readonly logger?: LoggerService | false;
  /** @default one that the system chooses */
  readonly port?: number;
  /** Path of a Unix socket to listen on instead of a port. */
  readonly socketPath?: string;
}

type Prepare = (nest: INestApplication) => unknown;

async function create(
  metadata: ModuleMetadata,
  prepare: Prepare,
  { httpAdapter = new ExpressAdapter(), logger = false }: StartOptions,
): Promise<INestApplication> {
  const module = await Test.createTestingModule(metadata).setLogger(silent).compile();
  const nest = module.createNestApplication(httpAdapter, { logger, forceCloseConnections: true });
  await prepare(nest);
  return nest;
}

/** Starts a real application. */
export async function startApp(
  metadata: ModuleMetadata,
  prepare: Prepare = () => undefined,
  options: StartOptions = {},
): Promise<TestApp> {
  const nest = await create(metadata, prepare, options);
  if (options.socketPath !== undefined) {
    await nest.listen(options.socketPath);
    return new TestApp(nest, Number.NaN);
  }
  await nest.listen(options.port ?? 0, '127.0.0.1');
  const server: Server = nest.getHttpServer();
  return new TestApp(nest, (server.address() as AddressInfo).port);
}

/** Starts an application with the gateways and strategies of the test, and `JwtStrategy` as default. */
export function startGateways(
  options: WsAuthModuleOptions,
  providers: Provider[],
  startOptions: StartOptions = {},
): Promise<TestApp> {
  return startApp(
    {
      imports: [WsAuthModule.forRoot({ strategy: 'jwt', ...options })],
      providers: [JwtStrategy, ...providers],
    },
    undefined,
    startOptions,
  );
}

/** Starts an application with `EchoGateway`, and `JwtStrategy` as default. */
export function startProtected(
  options: WsAuthModuleOptions = {},
  providers: Provider[] = [],
  startOptions: StartOptions = {},
): Promise<TestApp> {
  return startGateways(options, [EchoGateway, ...providers], startOptions);
}

/** Why an application refuses to boot; fails if it boots. */
export async function bootError(
  metadata: ModuleMetadata,
  prepare: Prepare = () => undefined,
): Promise<Error> {
  let nest: INestApplication | undefined;
  try {
    nest = await create(metadata, prepare, {});
    await nest.init();
  } catch (error) {
    await nest?.close().catch(() => undefined);
    return error as Error;
  }
  await nest.close();
  throw new Error('the application booted');
}

/** A port that was free a moment ago, for gateways with a port of their own. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

const silent: LoggerService = {
  log: () => undefined,
  error: () => undefined,
  warn: () => undefined,
};
