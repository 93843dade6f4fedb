import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INestApplication, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { WsTestClientOptions } from '../../lib/testing.js';
import { TestClient } from '../support/client.js';

/** A running example. */
export class Example implements AsyncDisposable {
  private constructor(
    private readonly app: INestApplication,
    readonly origin: string,
  ) {}

  static async start(module: Type<object>): Promise<Example> {
    const compiled = await Test.createTestingModule({ imports: [module] }).compile();
    const app = compiled.createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
    const server: Server = app.getHttpServer();
    return new Example(app, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  /** A client of the gateway `/chat`. */
  chat(options: WsTestClientOptions = {}): TestClient {
    return new TestClient(`${this.origin.replace('http', 'ws')}/chat`, options);
  }

  /** Posts JSON. */
  post(path: string, headers: Readonly<Record<string, string>>, body = {}): Promise<Response> {
    const all = { ...headers, 'content-type': 'application/json' };
    return fetch(this.origin + path, { method: 'POST', headers: all, body: JSON.stringify(body) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close();
  }
}
