import {
  Injectable,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import { graphqlClient, isGraphql } from '../decorators/context-session.js';
import { isPublicGateway } from '../decorators/gateway-demand.js';
import { demandSeen, sessionOf } from '../sessions/client-session.js';

/**
 * Demands a session with a user, per handler or per gateway: in an `optional` gateway it keeps anonymous clients out of single
 * handlers. On Nest 12 it may be global (`APP_GUARD`, `useGlobalGuards()`); Nest 11 runs no global guards for gateways, so an
 * application that tries refuses to boot there. HTTP handlers and `@WsPublic()` gateways pass.
 *
 * In GraphQL it passes resolvers on a connection of `graphqlWs()`, and refuses everything else: an operation over HTTP has no session.
 *
 * @throws {WsException} an object, so that Nest's filter answers `{"event":"exception","data":{"status":"error","message":"Unauthorized"}}`
 * without echoing the message.
 * @throws {WsAuthNoSessionError} for a client that this package has not accepted, as without `WsAuthModule`.
 * @throws {UnauthorizedException} in GraphQL, whose drivers answer `UNAUTHENTICATED`.
 * @example
 * ```ts
 * @WsAuth({ optional: true, credentials: [fromCookie('token')] })
 * @WebSocketGateway({ path: '/news' })
 * export class NewsGateway {
 *   @UseGuards(WsAuthGuard) // guests may connect, and not comment
 *   @SubscribeMessage('comment')
 *   comment(@WsUser('id') id: string) {
 *     return { event: 'commented', data: id };
 *   }
 * }
 * ```
 * @publicApi
 */
@Injectable()
export class WsAuthGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return isGraphql(context) ? passesResolver(context) : passesHandler(context);
  }
}

function passesHandler(context: ExecutionContext): boolean {
  if (context.getType() !== 'ws' || isPublicGateway(context.getClass())) {
    return true;
  }
  const session = demandSeen(context.switchToWs().getClient<unknown>(), 'WsAuthGuard');
  if (session && !session.anonymous) {
    return true;
  }
  throw new WsException({ status: 'error', message: 'Unauthorized' });
}

function passesResolver(context: ExecutionContext): boolean {
  const client = graphqlClient(context);
  const session = client && sessionOf(client);
  if (session && !session.anonymous) {
    return true;
  }
  throw new UnauthorizedException();
}
