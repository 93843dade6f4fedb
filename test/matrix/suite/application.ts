import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Injectable, Module, type INestApplication, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { TestClient, type ConnectOptions } from '../../support/client.js';
import { secret, tokenOf } from '../../support/tokens.js';
import { httpAdapter } from './http-adapter.js';

/** What the strategy makes of a token. */
export interface User {
  readonly id: string;
}

@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: secret as unknown as Buffer,
      algorithms: ['HS256'],
    });
  }

  validate({ sub }: { readonly sub: string }): User {
    return { id: sub };
  }
}

/** A running application and the clients that a test opened on it. */
export class Application implements AsyncDisposable {
  readonly #clients: TestClient[] = [];

  constructor(
    readonly nest: INestApplication,
    readonly port: number,
  ) {}

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  connect(path: string, options: ConnectOptions = {}, port = this.port): TestClient {
    const client = new TestClient(`ws://127.0.0.1:${port}${path}`, options);
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client[Symbol.asyncDispose]()));
    await this.nest.close();
  }
}

async function create(metadata: ModuleMetadata): Promise<INestApplication> {
  @Module(metadata)
  class ApplicationModule {}
  return NestFactory.create(ApplicationModule, httpAdapter(), {
    logger: false,
    abortOnError: false,
    forceCloseConnections: true,
  });
}

/** Starts an application with `JwtStrategy` on a port that the system chooses, unless it is to be that of another one. */
export async function start(
  { providers = [], ...metadata }: ModuleMetadata,
  port = 0,
): Promise<Application> {
  const nest = await create({ ...metadata, providers: [JwtStrategy, ...providers] });
  await nest.listen(port, '127.0.0.1');
  const server = nest.getHttpServer() as Server;
  return new Application(nest, (server.address() as AddressInfo).port);
}

/** Why an application refuses to boot; fails if it boots. */
export async function bootError(
  metadata: ModuleMetadata,
  prepare: (nest: INestApplication) => unknown = () => undefined,
): Promise<Error> {
  let nest: INestApplication | undefined;
  try {
    nest = await create(metadata);
    prepare(nest);
    await nest.init();
  } catch (error) {
    await nest?.close().catch(() => undefined);
    return error as Error;
  }
  await nest.close();
  throw new Error('the application booted');
}

/** The major version of the installed Nest. */
export function nestMajor(): number {
  const required = createRequire(join(process.cwd(), 'main.js'));
  const { version } = required('@nestjs/core/package.json') as { readonly version: string };
  return Number.parseInt(version, 10);
}

/** Options of a client that sends a token of the user in the header. */
export function bearer(user = 'alice'): ConnectOptions {
  return { headers: { authorization: `Bearer ${tokenOf(user)}` } };
}

/** Authenticates by the first message; resolves when the server has acknowledged it. */
export async function login(client: TestClient, user = 'alice'): Promise<TestClient> {
  await client.opened();
  await client.emit('authenticate', { token: tokenOf(user) }).nextEvent();
  return client;
}
