import { UseGuards, type ModuleMetadata, type Type } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from '@nestjs/websockets';
import { Test } from '@nestjs/testing';
import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ConformanceGateway } from '../../lib/testing.js';

/** Starts an application under test on a port of the loopback interface. */
export async function listen(
  metadata: ModuleMetadata,
  httpAdapter: AbstractHttpAdapter = new ExpressAdapter(),
) {
  const module = await Test.createTestingModule(metadata).compile();
  const options = { logger: false, forceCloseConnections: true } as const;
  const app = module.createNestApplication(httpAdapter, options);
  await app.listen(0, '127.0.0.1');
  const server: HttpServer = app.getHttpServer();
  return { app, port: (server.address() as AddressInfo).port, close: () => app.close() };
}

/** What application code sees of the request that opened a connection. */
export function partsOf({ url, headers, rawHeaders, headersDistinct }: IncomingMessage): object {
  return { url, headers, rawHeaders, headersDistinct };
}

/** A gateway of Nest that reports to the gateway of the suite, for transports whose handlers answer with messages. */
export function gatewayOf<Client extends object, Server>(
  gateway: ConformanceGateway,
  visibleOf: (client: Client, request: IncomingMessage) => unknown,
  reply: (text: string) => unknown = (data) => ({ event: 'text', data }),
): Type<{ server: Server }> {
  @WebSocketGateway()
  class TestGateway {
    @WebSocketServer() readonly server!: Server;
    readonly #requests = new WeakMap<Client, IncomingMessage>();

    @UseGuards(gateway.guard)
    handleConnection(client: Client, request: IncomingMessage): Promise<void> {
      this.#requests.set(client, request);
      return gateway.connected(client, visibleOf(client, request));
    }

    @SubscribeMessage('text')
    text(@ConnectedSocket() client: Client, @MessageBody() text: string): unknown {
      const visible = visibleOf(client, this.#requests.get(client)!);
      return reply(gateway.handled(client, text, visible));
    }
  }
  return TestGateway;
}
