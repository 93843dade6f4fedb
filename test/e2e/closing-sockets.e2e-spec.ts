import { once } from 'node:events';
import type { Server } from 'node:http';
import { Socket } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { afterEach, expect, it, vi } from 'vitest';
import { startGraphql } from '../graphql/graphql-app.js';
import { Subscriber } from '../graphql/graphql-client.js';
import { startIo } from '../socket-io/support/io-app.js';
import { RootGateway } from '../socket-io/support/io-gateways.js';
import { startProtected } from '../support/app.js';
import { bearer, tokenOf } from '../support/tokens.js';

afterEach(() => vi.restoreAllMocks());

/** An application, and a client of it that connects on demand. */
interface Served extends AsyncDisposable {
  readonly nest: INestApplication;
  /** @returns a function that closes the connection */
  connect(): Promise<() => unknown>;
}

const transports: Readonly<Record<string, () => Promise<Served>>> = {
  ws: async () => {
    const app = await startProtected();
    const connect = async () => {
      const { socket } = await app.connect('/', bearer()).opened();
      return () => socket.close();
    };
    return { nest: app.nest, connect, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
  },
  'Socket.IO': async () => {
    const app = await startIo({}, [RootGateway]);
    const connect = async () => {
      const { socket } = await app
        .open('websocket', { auth: { token: tokenOf('alice') } })
        .connected();
      return () => socket.disconnect();
    };
    return { nest: app.nest, connect, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
  },
  'graphql-ws': async () => {
    const { app, news, ...rest } = await startGraphql();
    const connect = async () => {
      const client = new Subscriber(app, { connectionParams: { token: tokenOf('alice') } });
      void client.subscribe();
      await expect.poll(() => news.subscribers).toBe(1);
      return () => client.client.dispose();
    };
    return { nest: app.nest, connect, [Symbol.asyncDispose]: rest[Symbol.asyncDispose] };
  },
};

it.each(Object.keys(transports))(
  'ends the socket of a client of %s that leaves once: each needless call makes an error in Node.js',
  async (transport) => {
    await using app = await transports[transport]!();
    const connected = once(app.nest.getHttpServer() as Server, 'connection');
    const leave = await app.connect();
    const [socket] = (await connected) as [Socket];
    const { mock } = vi.spyOn(Socket.prototype, 'end');
    const closed = once(socket, 'close');
    await leave();
    await closed;
    expect(mock.contexts.filter((each) => each === socket)).toHaveLength(1);
  },
);
