import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import { isPublicGateway } from '../decorators/gateway-demand.js';
import { demandSeen } from '../sessions/client-session.js';

/**
 * Demands a session with a user, per handler or per gateway: in an `optional` gateway it keeps anonymous clients out of single
 * handlers. On Nest 12 it may be global (`APP_GUARD`, `useGlobalGuards()`); Nest 11 runs no global guards for gateways, so an
 * application that tries refuses to boot there. Outside of WebSockets, and in `@WsPublic()` gateways, everything passes.
 *
 * @throws {WsException} an object, so that Nest's filter answers `{"event":"exception","data":{"status":"error","message":"Unauthorized"}}`
 * without echoing the message.
 * @throws {WsAuthNoSessionError} for a client that `WsAuthAdapter` has not accepted, as without `WsAuthModule`.
 * @publicApi
 */
@Injectable()
export class WsAuthGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'ws' || isPublicGateway(context.getClass())) {
      return true;
    }
    const session = demandSeen(context.switchToWs().getClient<unknown>(), 'WsAuthGuard');
    if (session && !session.anonymous) {
      return true;
    }
    throw new WsException({ status: 'error', message: 'Unauthorized' });
  }
}
