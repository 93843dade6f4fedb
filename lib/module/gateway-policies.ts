import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { ContainedLogger } from '../events/contained-logger.js';
import { ModulesContainer } from '@nestjs/core';
import { GATEWAY_METADATA, GATEWAY_OPTIONS, PORT_METADATA } from '@nestjs/websockets/constants.js';
import {
  demandOfGateway,
  isPublicGateway,
  type GatewayClass,
  type GatewayDemand,
} from '../decorators/gateway-demand.js';
import { WS_AUTH_POLICY, WS_PUBLIC } from '../decorators/ws-auth.decorator.js';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { describe } from '../policy/check-option.js';

/** What a protected server demands, and the part of it that is written on the gateway itself. */
export type ServerDemand = Pick<GatewayDemand, 'policy' | 'own'>;

/** Where a gateway listens: 0 is the port of the application. */
interface GatewayAddress {
  readonly port: number;
  readonly path: string | undefined;
  /** As a client names it, such as `/chat`, or the text of an expression. Only Socket.IO has more than `/`. */
  readonly namespace: string;
}

/** A gateway that Nest makes. */
export interface FoundGateway extends GatewayAddress {
  readonly gateway: GatewayClass;
  readonly isPublic: boolean;
}

/** Finds what the gateways on a server demand, by the metadata of their classes. */
@Injectable()
export class GatewayPolicies {
  readonly #logger = new ContainedLogger('WsAuth');

  constructor(private readonly modules: ModulesContainer) {}

  /**
   * The policy that the protected gateways on that port and path share; `undefined` if all are public. Without a gateway there, which
   * is a gateway that only Nest has found, the policy of the module holds.
   *
   * @param hasNamespaces whether public gateways may be beside protected ones, in another namespace
   * @throws {WsAuthConfigurationError} if they disagree: one connection reaches all of them.
   */
  demandOf(
    port: number,
    path: string | undefined,
    hasNamespaces = false,
  ): ServerDemand | undefined {
    const demands = this.#gatewaysOn(port, path);
    const [first] = demands;
    if (!first) {
      return { policy: {}, own: {} };
    }
    const isolated = hasNamespaces
      ? [...new Set(demands.map(({ namespace }) => namespace))].map((each) =>
          demands.filter(({ namespace }) => namespace === each),
        )
      : [demands];
    isolated.forEach(demandSameAccess);
    const closed = demands.filter(({ isPublic }) => !isPublic);
    demandSamePolicy(closed);
    demands.forEach((demand) => this.#warn(demand));
    return closed[0];
  }

  /** Whether clients of a namespace need a session; `undefined` if no gateway is in it. */
  accessOf(
    port: number,
    path: string | undefined,
    namespace: string | RegExp,
  ): 'public' | 'protected' | undefined {
    const name = namespaceName(namespace);
    const found = this.#gatewaysOn(port, path).find((each) => each.namespace === name);
    return found && (found.isPublic ? 'public' : 'protected');
  }

  /**
   * Refuses decorators that protect nothing, because Nest makes no gateway of their class.
   *
   * @throws {WsAuthConfigurationError} for `@WsAuth()` or `@WsPublic()` on a class that is not a gateway.
   */
  demandGateways(): void {
    const classes = new Set(this.classes());
    for (const decorated of [...classes, ...this.#classesOfInstances()]) {
      const decorator = decoratorOn(decorated);
      if (decorator && !Reflect.hasMetadata(GATEWAY_METADATA, decorated)) {
        throw new WsAuthConfigurationError(
          `${decorator}: ${decorated.name} is not a gateway, so nothing is protected or opened; remove it, or add @WebSocketGateway()`,
        );
      }
      if (decorator && !classes.has(decorated)) {
        throw new WsAuthConfigurationError(
          `${decorator}: Nest makes no gateway of ${decorated.name}, which is provided as a value or by a factory; list the ` +
            'class itself among the providers',
        );
      }
    }
  }

  /** Gateways that Nest makes from their classes, with their port and path. */
  gateways(): readonly FoundGateway[] {
    return [...new Set(this.classes())]
      .filter((each) => Reflect.hasMetadata(GATEWAY_METADATA, each))
      .map((gateway) => ({ gateway, ...addressOf(gateway), isPublic: isPublicGateway(gateway) }));
  }

  #gatewaysOn(port: number, path: string | undefined): PlacedDemand[] {
    return [...this.classes()]
      .filter((metatype) => isGatewayOn(metatype, port, path))
      .map((metatype) => ({
        ...demandOfGateway(metatype),
        namespace: addressOf(metatype).namespace,
      }));
  }

  /** Providers and controllers that Nest makes from a class. */
  *classes(): Iterable<GatewayClass> {
    for (const { providers, controllers } of this.modules.values()) {
      for (const { metatype } of [...providers.values(), ...controllers.values()]) {
        if (typeof metatype === 'function') {
          yield metatype as GatewayClass;
        }
      }
    }
  }

  /** Classes of the providers that Nest gets from a factory, or as a value. */
  *#classesOfInstances(): Iterable<GatewayClass> {
    for (const { providers } of this.modules.values()) {
      for (const { isNotMetatype, instance } of providers.values()) {
        const made = isNotMetatype ? classOf(instance) : undefined;
        if (made) {
          yield made;
        }
      }
    }
  }

  #warn({ gateway, notInherited }: GatewayDemand): void {
    if (notInherited.length > 0) {
      this.#logger.warn(
        `${gateway} demands authentication: it does not inherit ${notInherited.join(' and ')}; repeat the decorator on ` +
          `${gateway} to open it`,
      );
    }
  }
}

function classOf(instance: unknown): GatewayClass | undefined {
  if (typeof instance !== 'object' || instance === null) {
    return undefined;
  }
  const { constructor: made } = (Object.getPrototypeOf(instance) ?? {}) as {
    constructor?: unknown;
  };
  return typeof made === 'function' ? (made as GatewayClass) : undefined;
}

function decoratorOn(decorated: object): string | undefined {
  if (Reflect.hasOwnMetadata(WS_AUTH_POLICY, decorated)) {
    return '@WsAuth';
  }
  return Reflect.hasOwnMetadata(WS_PUBLIC, decorated) ? '@WsPublic' : undefined;
}

/** Whether a class is a gateway on that port and path, and in that namespace if one is named. */
export function isGatewayOn(
  metatype: object,
  port: number,
  path: string | undefined,
  namespace?: string | RegExp,
): boolean {
  const address = Reflect.hasMetadata(GATEWAY_METADATA, metatype) ? addressOf(metatype) : undefined;
  return (
    address?.port === port &&
    address.path === path &&
    (namespace === undefined || address.namespace === namespaceName(namespace))
  );
}

/** What a gateway demands, and where. */
type PlacedDemand = GatewayDemand & Pick<GatewayAddress, 'namespace'>;

/** @throws {WsAuthConfigurationError} for a public gateway beside one that is not, where both see the same clients */
function demandSameAccess(demands: readonly PlacedDemand[]): void {
  const [first] = demands;
  refuseDifferent(
    first!,
    demands.find(({ isPublic }) => isPublic !== first!.isPublic),
  );
}

/** @throws {WsAuthConfigurationError} for gateways of one server whose policies differ */
function demandSamePolicy(demands: readonly PlacedDemand[]): void {
  const [first] = demands;
  refuseDifferent(
    first!,
    demands.find(({ policy }) => !isDeepStrictEqual(policy, first!.policy)),
  );
}

function refuseDifferent(first: PlacedDemand, different: PlacedDemand | undefined): void {
  if (different) {
    throw new WsAuthConfigurationError(
      `@WsAuth: ${first.gateway} and ${different.gateway} share a server and demand different things; give them the ` +
        'same policy, or different paths',
    );
  }
}

/** A namespace as clients name it, such as `/chat` for what a gateway writes as `chat`. */
export function namespaceName(namespace: string | RegExp): string {
  const name = String(namespace);
  return name.startsWith('/') ? name : `/${name}`;
}

/** The part of `@WebSocketGateway()` that states where a gateway is. */
interface GatewayOptions {
  readonly path?: string;
  readonly namespace?: string | RegExp;
}

/** @throws {WsAuthConfigurationError} for a port that is not a whole number, which Nest takes for options */
function addressOf(metatype: object): GatewayAddress {
  const options: unknown = Reflect.getMetadata(GATEWAY_OPTIONS, metatype) ?? {};
  if (typeof options !== 'object') {
    const { name } = metatype as GatewayClass;
    throw new WsAuthConfigurationError(
      `@WebSocketGateway of ${name}: expected a port that is a whole number, or options, got ${describe(options)}`,
    );
  }
  const { path, namespace = '/' } = options as GatewayOptions;
  const port = (Reflect.getMetadata(PORT_METADATA, metatype) as number | undefined) ?? 0;
  return { port, path, namespace: namespaceName(namespace) };
}
