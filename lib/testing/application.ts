import type { Server } from 'node:http';
import { Server as TlsServer } from 'node:tls';
import type { INestApplication } from '@nestjs/common';
import {
  WS_AUTH_ADAPTER_CONTEXT,
  type AdapterContext,
  type ProtectedServer,
} from '../adapters/adapter-context.js';
import { routePathname } from '../adapters/route.js';

/** Where a gateway is. */
export interface GatewayAddress {
  /**
   * Path of the gateway.
   *
   * @default that of the only gateway with authentication
   */
  readonly path?: string | undefined;
  /**
   * Port of the gateway.
   *
   * @default that of the only gateway with authentication, otherwise that of the application
   */
  readonly port?: number | undefined;
}

/** A gateway that was found. */
export interface FoundGateway {
  readonly url: URL;
  /** What it demands; `undefined` if it is public. */
  readonly server: ProtectedServer | undefined;
}

const listening = new WeakMap<INestApplication, Promise<unknown>>();

/** Makes sure that an application listens: on a port of the loopback interface that the system chooses, unless it does. */
async function listen(app: INestApplication): Promise<Server> {
  const server: Server = app.getHttpServer();
  if (!server.listening) {
    const pending = listening.get(app) ?? app.listen(0, '127.0.0.1');
    listening.set(app, pending);
    await pending;
  }
  return server;
}

/**
 * What the module holds in an application.
 *
 * @throws {Error} if the application does not import it.
 */
function adapterContextOf(app: INestApplication): AdapterContext {
  try {
    return app.get<AdapterContext>(WS_AUTH_ADAPTER_CONTEXT, { strict: false });
  } catch (cause) {
    const message = 'the application does not import WsAuthModule, or another copy of the package';
    throw new Error(message, { cause });
  }
}

/** Finds a gateway of an application, which listens from here on. */
export async function findGateway(
  app: INestApplication,
  address: GatewayAddress,
): Promise<FoundGateway> {
  const httpServer = await listen(app);
  const { protectedServers } = adapterContextOf(app);
  if (protectedServers.some(({ context }) => context.policy.transport === 'socket.io')) {
    throw new Error(
      'connect() and connectAs() open native WebSockets, and the gateways of this application are of Socket.IO; open the client ' +
        'of socket.io-client, with a token that the strategy accepts',
    );
  }
  const [only, ...others] = protectedServers;
  const named = address.path !== undefined || address.port !== undefined;
  if (!named && others.length > 0) {
    const paths = protectedServers.map(({ port, path }) => `${port || ''}${routePathname(path)}`);
    paths.sort();
    throw new Error(
      `the application has several gateways, name one by its path: ${paths.join(', ')}`,
    );
  }
  const path = routePathname(named ? address.path : only?.path);
  const port = (named ? address.port : only?.port) ?? 0;
  return {
    url: new URL(path, originOf(httpServer, port)),
    server: protectedServers.find(
      (each) => each.port === port && routePathname(each.path) === path,
    ),
  };
}

function originOf(server: Server, port: number): string {
  if (port !== 0) {
    return `ws://localhost:${port}`;
  }
  const bound = server.address();
  if (bound === null || typeof bound === 'string') {
    throw new Error('the application does not listen on a port');
  }
  const scheme = (server as unknown) instanceof TlsServer ? 'wss' : 'ws';
  return `${scheme}://${reachable(bound.address)}:${bound.port}`;
}

/** An address by which to reach a server that listens on one, or on all. */
function reachable(address: string): string {
  if (address === '0.0.0.0') {
    return '127.0.0.1';
  }
  return address.includes(':') ? `[${address === '::' ? '::1' : address}]` : address;
}
