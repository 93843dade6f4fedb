import { Inject, SetMetadata } from '@nestjs/common';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import type { WsAuthPolicyOptions } from '../policy/policy-options.js';

/** Metadata of a gateway: what it demands of its own. */
export const WS_AUTH_POLICY = 'nestjs-ws-auth:policy';

/** Metadata of a gateway: it demands nothing. */
export const WS_PUBLIC = 'nestjs-ws-auth:public';

/**
 * Token that only `WsAuthModule` provides. A gateway that asks for authentication depends on it, so that Nest itself
 * refuses to boot, naming the module, where the module is not imported and nothing would protect the gateway.
 */
export const WS_AUTH_MODULE = 'WsAuthModule.forRoot()';

const protection = Symbol('nestjs-ws-auth:protection');

/**
 * Overrides the module's policy for one gateway, field by field. A class inherits the policy of its base class, and
 * overrides it field by field too. Only `optional: true` is not inherited, since it opens.
 *
 * @throws {WsAuthConfigurationError} on anything but a class, twice on one class, and without parentheses. At boot: for an option that is
 *   unknown, invalid or without effect, and on a class that is not a gateway.
 *
 * @example
 * ```ts
 * @WsAuth({ credentials: [fromQueryParam('token')] })
 * @WebSocketGateway({ path: '/ws' })
 * export class ChatGateway {}
 * ```
 * @publicApi
 */
export function WsAuth(policy: WsAuthPolicyOptions = {}): ClassDecorator {
  if (typeof policy === 'function') {
    throw new WsAuthConfigurationError('@WsAuth: it is not called; write @WsAuth({ … })');
  }
  return (gateway, ...place: unknown[]) => {
    demandClass('@WsAuth', gateway, place);
    if (Reflect.hasOwnMetadata(WS_AUTH_POLICY, gateway)) {
      throw new WsAuthConfigurationError(
        `@WsAuth: ${gateway.name} has it twice, and one policy would hide the other; write one`,
      );
    }
    SetMetadata(WS_AUTH_POLICY, policy)(gateway);
    Inject(WS_AUTH_MODULE)(gateway.prototype, protection);
  };
}

/**
 * Opens a gateway: every client may connect, and no client has a session. It holds for the class itself and is not
 * inherited; classes that extend it are protected.
 *
 * @throws {WsAuthConfigurationError} on anything but a class, and without parentheses. At boot: on a class that is not a gateway.
 * @example
 * ```ts
 * @WsPublic()
 * @WebSocketGateway({ path: '/status' })
 * export class StatusGateway {}
 * ```
 * @publicApi
 */
export function WsPublic(): ClassDecorator;
export function WsPublic(...given: readonly unknown[]): ClassDecorator {
  if (given.length > 0) {
    throw new WsAuthConfigurationError('@WsPublic: write @WsPublic(), without anything in it');
  }
  return (gateway, ...place: unknown[]) => {
    demandClass('@WsPublic', gateway, place);
    SetMetadata(WS_PUBLIC, true)(gateway);
  };
}

/** On a method the decorators would do nothing, and the compiler is not always asked. */
function demandClass(decorator: string, decorated: object, [member]: readonly unknown[]): void {
  if (typeof decorated !== 'function') {
    throw new WsAuthConfigurationError(
      `${decorator} of ${placeOf(decorated, member)}: it belongs on the class of a gateway; for single handlers use ` +
        '@UseGuards(WsAuthGuard)',
    );
  }
}

/** @internal */
export function placeOf(prototype: object, member: unknown): string {
  return `${prototype.constructor.name}.${String(member)}`;
}
