import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TestClient, type ConnectOptions } from './client.js';

/** A running application and the clients that a test opened on it. */
export class TestApp implements AsyncDisposable {
  readonly #clients: TestClient[] = [];

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

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client[Symbol.asyncDispose]()));
    await this.nest.close();
  }
}

/** Starts a real application on a port that the system chooses. */
export async function startApp(
  metadata: ModuleMetadata,
  prepare: (nest: INestApplication) => unknown = () => undefined,
): Promise<TestApp> {
  const module = await Test.createTestingModule(metadata).compile();
  const nest = module.createNestApplication({ logger: false, forceCloseConnections: true });
  await prepare(nest);
  await nest.listen(0, '127.0.0.1');
  const server: Server = nest.getHttpServer();
  return new TestApp(nest, (server.address() as AddressInfo).port);
}
