import type { Server } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import {
  WS_AUTH_ADAPTER_CONTEXT,
  type AdapterContext,
  type ProtectedServer,
} from '../adapters/adapter-context.js';
import { routePathname } from '../adapters/route.js';
import type { WsAuthHealth } from '../cluster/ws-auth-health.service.js';
import { GatewayPolicies } from '../module/gateway-policies.js';
import { WS_AUTH_OWN_HEALTH } from '../module/own-providers.js';
import { listen, originOf } from './listening.js';
import { findNamespace } from './socket-io/find-namespace.js';

/** The address of a gateway: its path, its port, or its namespace. */
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
  /**
   * Namespace of the gateway, with Socket.IO.
   *
   * @default that of the only gateway with authentication
   */
  readonly namespace?: string | undefined;
}

/** A gateway that was found. */
export interface FoundGateway {
  /** With Socket.IO that of its engine. */
  readonly url: URL;
  /** Present with Socket.IO. */
  readonly namespace?: string;
  /** What it demands; `undefined` if it is public. */
  readonly server: ProtectedServer | undefined;
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

/**
 * An application that has been closed would listen once more, without its gateways, and keep the process of the tests alive.
 *
 * @throws {Error} for one that has been closed.
 */
function demandOpen(app: INestApplication): void {
  const health = app.get<WsAuthHealth>(WS_AUTH_OWN_HEALTH, { strict: false });
  const { listening }: Server = app.getHttpServer();
  if (health.isShuttingDown && !listening) {
    throw new Error(
      'the application has been closed; connect before app.close(), or make another one',
    );
  }
}

/** Finds a gateway of an application, which listens from here on. */
export async function findGateway(
  app: INestApplication,
  address: GatewayAddress,
): Promise<FoundGateway> {
  const { protectedServers } = adapterContextOf(app);
  demandOpen(app);
  const httpServer = await listen(app);
  if (isOfSocketIo(protectedServers, address)) {
    const gateways = app.get(GatewayPolicies, { strict: false }).gateways();
    const originOfPort = (port: number) => originOf(httpServer, port, 'http');
    return findNamespace({ gateways, protectedServers, originOf: originOfPort }, address);
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
    url: new URL(path, originOf(httpServer, port, 'ws')),
    server: serverAt(protectedServers, port, path),
  };
}

/** An application has one adapter. Beside gateways of Socket.IO there may be servers of other packages, which have a path. */
function isOfSocketIo(
  servers: readonly ProtectedServer[],
  { path, port = 0, namespace }: GatewayAddress,
): boolean {
  const named = path === undefined ? undefined : serverAt(servers, port, routePathname(path));
  const asked = named ? [named] : servers;
  return (
    namespace !== undefined || asked.some(({ context }) => context.policy.transport === 'socket.io')
  );
}

function serverAt(
  servers: readonly ProtectedServer[],
  port: number,
  path: string,
): ProtectedServer | undefined {
  return servers.find((each) => each.port === port && routePathname(each.path) === path);
}
