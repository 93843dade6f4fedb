import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import { isPublicGateway } from '../decorators/gateway-demand.js';
import { sessionOf } from '../sessions/client-session.js';

/**
 * Demands a session with a user, per handler, per gateway or as `APP_GUARD`: in an `optional` gateway it keeps anonymous
 * clients out of single handlers. Outside of WebSockets, and in `@WsPublic()` gateways, it lets everything pass.
 *
 * @throws {WsException} an object, so that Nest's filter answers `{"event":"exception","data":{"status":"error","message":"Unauthorized"}}`
 * without echoing the message.
 * @publicApi
 */
@Injectable()
export class WsAuthGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'ws' || isPublicGateway(context.getClass())) {
      return true;
    }
    const session = sessionOf(context.switchToWs().getClient<object>());
    if (session && !session.anonymous) {
      return true;
    }
    throw new WsException({ status: 'error', message: 'Unauthorized' });
  }
}
