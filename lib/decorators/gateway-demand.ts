import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { givenOptions } from '../policy/check-options.js';
import { applicationOptions, gatewayOptions } from '../policy/option-table.js';
import type { WsAuthPolicyOptions } from '../policy/policy-options.js';
import { WS_AUTH_POLICY, WS_PUBLIC } from './ws-auth.decorator.js';

/** A class, as Nest knows it. */
export type GatewayClass = abstract new (...args: never[]) => unknown;

/** The demands of the decorators of a gateway. */
export interface GatewayDemand {
  /** Name of the class. */
  readonly gateway: string;
  /** Whether `@WsPublic()` is on the class itself. */
  readonly isPublic: boolean;
  /** The policies of the class and of its base classes, merged field by field. */
  readonly policy: WsAuthPolicyOptions;
  /** The policy on the class itself, without those of its base classes. */
  readonly own: WsAuthPolicyOptions;
  /** Openings of base classes, which do not open this class. */
  readonly notInherited: readonly string[];
}

/**
 * Whether a gateway is open to everybody: only if `@WsPublic()` is on the class itself. A class that extends a public one is
 * protected, so that no gateway is open by the decision of another file.
 */
export function isPublicGateway(gateway: object): boolean {
  return Reflect.hasOwnMetadata(WS_PUBLIC, gateway);
}

/**
 * Reads what a gateway demands. What closes a gateway is inherited, and what opens it is not: `@WsPublic()` and
 * `optional: true` count on the class itself only. A policy overrides those of base classes field by field.
 *
 * @throws {WsAuthConfigurationError} for an option that is unknown or invalid, or holds for the whole application, and for a
 *   class that is public and protected.
 */
export function demandOfGateway(gateway: GatewayClass): GatewayDemand {
  const isPublic = isPublicGateway(gateway);
  if (isPublic && Reflect.hasOwnMetadata(WS_AUTH_POLICY, gateway)) {
    throw new WsAuthConfigurationError(
      `@WsPublic: ${gateway.name} is also @WsAuth; remove one of them`,
    );
  }
  const bases = basesOf(gateway);
  const inherited = bases.map((base) => closing(ownPolicy(base)));
  const own = ownPolicy(gateway);
  return {
    gateway: gateway.name,
    isPublic,
    policy: Object.assign({}, ...inherited, own) as WsAuthPolicyOptions,
    own,
    notInherited: isPublic ? [] : bases.flatMap(openingsOf),
  };
}

/** The base classes of a class, the first of them first. */
function basesOf(gateway: object): GatewayClass[] {
  const base: unknown = Object.getPrototypeOf(gateway);
  return typeof base === 'function' && base !== Function.prototype
    ? [...basesOf(base), base as GatewayClass]
    : [];
}

function ownPolicy(gateway: GatewayClass): WsAuthPolicyOptions {
  const policy: unknown = Reflect.getOwnMetadata(WS_AUTH_POLICY, gateway);
  if (policy === undefined) {
    return {};
  }
  try {
    demandGatewayOptions(policy);
    return givenOptions(gatewayOptions, policy) as WsAuthPolicyOptions;
  } catch (cause) {
    const { message } = cause as Error;
    throw new WsAuthConfigurationError(`${message} (@WsAuth of ${gateway.name})`, { cause });
  }
}

function demandGatewayOptions(policy: unknown): void {
  const misplaced = Object.keys(Object(policy)).find((name) =>
    Object.hasOwn(applicationOptions, name),
  );
  if (misplaced !== undefined) {
    throw new WsAuthConfigurationError(
      `${misplaced}: holds for the whole application; pass it to WsAuthModule.forRoot()`,
    );
  }
}

/** A policy without what opens. */
function closing({ optional, ...rest }: WsAuthPolicyOptions): WsAuthPolicyOptions {
  return optional === false ? { optional, ...rest } : rest;
}

function openingsOf(base: GatewayClass): string[] {
  const openings = [
    ...(isPublicGateway(base) ? ['@WsPublic()'] : []),
    ...(ownPolicy(base).optional ? ['@WsAuth({ optional: true })'] : []),
  ];
  return openings.map((opening) => `${opening} of ${base.name}`);
}
