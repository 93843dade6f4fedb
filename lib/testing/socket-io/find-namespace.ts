import type { AdapterContext } from '../../adapters/adapter-context.js';
import { routePathname } from '../../adapters/route.js';
import {
  namespaceName,
  type FoundGateway as DeclaredGateway,
  type GatewayPolicies,
} from '../../module/gateway-policies.js';
import type { FoundGateway, GatewayAddress } from '../application.js';

/** What an application is asked for. */
interface Application {
  readonly gateways: ReturnType<GatewayPolicies['gateways']>;
  readonly protectedServers: AdapterContext['protectedServers'];
  originOf(port: number): string;
}

/** A gateway of Socket.IO as its clients name it. */
interface Place {
  readonly port: number;
  /** Of the requests of engine.io. */
  readonly path: string;
  readonly namespace: string;
}

/** Finds a gateway of Socket.IO, which its namespace names. */
export function findNamespace(application: Application, address: GatewayAddress): FoundGateway {
  const { gateways, protectedServers } = application;
  const place = onlyPlace(gateways, address);
  const isPublic = gateways.some((each) => each.isPublic && isSame(placeOf(each), place));
  const server = protectedServers.find(
    ({ port, path, context }) =>
      port === place.port &&
      enginePath(path) === place.path &&
      context.policy.transport === 'socket.io',
  );
  return {
    url: new URL(place.path, application.originOf(place.port)),
    namespace: place.namespace,
    server: isPublic ? undefined : server,
  };
}

/** The place that the address names, or that of the only gateway with authentication. */
function onlyPlace(gateways: readonly DeclaredGateway[], address: GatewayAddress): Place {
  const { port, path, namespace } = address;
  const matching = gateways
    .filter(({ isPublic }) => !isPublic)
    .map(placeOf)
    .filter(
      (each) =>
        (port === undefined || each.port === port) &&
        (path === undefined || each.path === enginePath(path)) &&
        (namespace === undefined || each.namespace === namespaceName(namespace)),
    );
  const [only] = matching;
  const names = [...new Set(matching.map(nameOf))].toSorted();
  if (names.length > 1) {
    throw new Error(
      `the application has several gateways, name one by its namespace, or its path: ${names.join(', ')}`,
    );
  }
  return {
    port: port ?? only?.port ?? 0,
    path: only?.path ?? enginePath(path),
    namespace: only?.namespace ?? namespaceName(namespace ?? '/'),
  };
}

function placeOf({ port, path, namespace }: DeclaredGateway): Place {
  return { port, path: enginePath(path), namespace };
}

function isSame(one: Place, other: Place): boolean {
  return nameOf(one) === nameOf(other);
}

function nameOf({ port, path, namespace }: Place): string {
  return `${namespace}${path === enginePath() ? '' : ` on ${path}`}${port === 0 ? '' : ` on port ${port}`}`;
}

/** Path of the requests of engine.io, for what a gateway writes. */
function enginePath(path = '/socket.io'): string {
  return routePathname(path);
}
