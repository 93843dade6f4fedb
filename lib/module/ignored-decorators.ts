import { GUARDS_METADATA, METHOD_METADATA } from '@nestjs/common/constants.js';
import {
  GATEWAY_METADATA,
  MESSAGE_MAPPING_METADATA,
  MESSAGE_METADATA,
  PARAM_ARGS_METADATA,
} from '@nestjs/websockets/constants.js';
import type { GatewayClass } from '../decorators/gateway-demand.js';
import { decoratorOfParameter } from '../decorators/ws-user.decorator.js';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { WsAuthGuard } from '../guards/ws-auth.guard.js';
import { guardsOf, methodsOf, type GatewayMethod } from './gateway-methods.js';

const guardDecorator = '@UseGuards(WsAuthGuard)';

/** Metadata that has no effect outside of gateways. */
const ignored: ReadonlySet<unknown> = new Set([
  GUARDS_METADATA,
  MESSAGE_MAPPING_METADATA,
  MESSAGE_METADATA,
]);

/** The hook that guards of its own run for (gateway-binding.ts). */
const guardedHook = 'handleConnection';

/** Methods of gateways that Nest calls by itself, without parameters of decorators. */
const hooks: ReadonlySet<string> = new Set(['afterInit', 'handleConnection', 'handleDisconnect']);

/**
 * Refuses decorators of this package on methods that Nest calls without looking at decorators, or never: a guard would guard
 * nothing there, and a parameter would be another one.
 *
 * @throws {WsAuthConfigurationError} for `@WsUser()` and `@WsSession()` on a method without `@SubscribeMessage()`, for
 *   `@UseGuards(WsAuthGuard)` on one that is not `handleConnection` either, and for all of them on a class that is not a gateway
 */
export function refuseIgnoredDecorators(classes: ReadonlySet<GatewayClass>): void {
  const gateways = [...classes].filter((each) => Reflect.hasMetadata(GATEWAY_METADATA, each));
  for (const each of classes) {
    const isGateway = gateways.includes(each);
    // What gateways inherit is looked at with them.
    if (!isGateway && gateways.some((gateway) => isBaseOf(each, gateway))) {
      continue;
    }
    const methods = methodsOf(each);
    const guarded = [each, ...methods.map(({ method }) => method)];
    if (!isGateway && guarded.some((target) => isOpen(target) && !isResolver(target))) {
      refuse(
        guardDecorator,
        each.name,
        'it guards nothing outside of gateways and resolvers; use AuthGuard()',
      );
    }
    for (const method of methods) {
      const ofRoute = isRoute(method) ? parameterDecoratorOn(method) : undefined;
      if (ofRoute !== undefined) {
        refuse(ofRoute, `${each.name}.${method.name}`, adviceForRoutes);
      }
      const decorator = isIgnored(method, isGateway) ? decoratorOn(method) : undefined;
      if (decorator !== undefined) {
        const advice = adviceFor(decorator, method, isGateway);
        refuse(decorator, `${each.name}.${method.name}`, `Nest ignores it there; ${advice}`);
      }
    }
  }
}

/** A resolver of GraphQL, or a method of one. */
function isResolver(target: object): boolean {
  return Reflect.getMetadataKeys(target).some((key) => String(key).startsWith('graphql:'));
}

const adviceForRoutes =
  'a route has no socket, so that each request would fail; it belongs on handlers of gateways, and routes read request.user';

function isRoute({ method }: GatewayMethod): boolean {
  return Reflect.hasMetadata(METHOD_METADATA, method);
}

function isBaseOf(base: object, gateway: GatewayClass): boolean {
  return Object.prototype.isPrototypeOf.call(base, gateway);
}

function refuse(decorator: string, place: string, advice: string): never {
  throw new WsAuthConfigurationError(`${decorator} of ${place}: ${advice}`);
}

/** On other classes than gateways a decorator of another package may have Nest call the method. */
function isIgnored({ method, message }: GatewayMethod, isGateway: boolean): boolean {
  const keys = Reflect.getMetadataKeys(method).filter((key) => !ignored.has(key));
  return isGateway ? message === undefined : keys.length === 0;
}

function decoratorOn(method: GatewayMethod): string | undefined {
  const guardRuns = method.name === guardedHook || !isGuarded(method.method);
  return parameterDecoratorOn(method) ?? (guardRuns ? undefined : guardDecorator);
}

function parameterDecoratorOn({ declaredBy, name }: GatewayMethod): string | undefined {
  const parameters = Reflect.getOwnMetadata(PARAM_ARGS_METADATA, declaredBy, name) as
    Readonly<Record<string, { readonly factory?: unknown }>> | undefined;
  return Object.values(parameters ?? {})
    .map(({ factory }) => decoratorOfParameter(factory))
    .find((decorator) => decorator !== undefined);
}

function isGuarded(target: object): boolean {
  return guardsOf(target).some(isWsAuthGuard);
}

/** Whether it has no guard but ours, which lets everything pass outside of WebSockets. Beside another one it may be shared. */
function isOpen(target: object): boolean {
  return isGuarded(target) && guardsOf(target).every(isWsAuthGuard);
}

/** Also one that is derived from it, unless it decides by itself. */
function isWsAuthGuard(guard: unknown): boolean {
  const { canActivate } = Object(typeof guard === 'function' ? guard.prototype : guard) as {
    canActivate?: unknown;
  };
  return canActivate === WsAuthGuard.prototype.canActivate;
}

function adviceFor(decorator: string, { name }: GatewayMethod, isGateway: boolean): string {
  if (!isGateway) {
    return 'it belongs on handlers of gateways: add @WebSocketGateway() to the class, or remove the decorator';
  }
  if (!hooks.has(name)) {
    return 'it belongs on handlers: add @SubscribeMessage(), or remove the decorator';
  }
  return decorator === guardDecorator
    ? 'put it on handleConnection or on handlers'
    : 'call userOf(client) or sessionOf(client) there';
}
