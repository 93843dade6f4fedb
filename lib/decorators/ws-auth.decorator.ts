import { Inject, SetMetadata } from '@nestjs/common';
import type { WsAuthPolicyOptions } from '../policy/options.js';

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
 * Overrides the module's policy for one gateway, field by field.
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
  return (gateway) => {
    SetMetadata(WS_AUTH_POLICY, policy)(gateway);
    Inject(WS_AUTH_MODULE)(gateway.prototype, protection);
  };
}

/**
 * Takes a gateway out of authentication: everybody may connect, and its clients have no session.
 *
 * @publicApi
 */
export function WsPublic(): ClassDecorator {
  return SetMetadata(WS_PUBLIC, true);
}
