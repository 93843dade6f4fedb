import { SubscribeMessage, WebSocketGateway, type WsResponse } from '@nestjs/websockets';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  fromSubprotocol,
  fromUserInfo,
  WsAuth,
  WsSession,
  type WsAuthSession,
  WsUser,
} from 'nestjs-ws-auth';
import { pageOrigins } from '../config.js';
import { type SessionView, viewOf } from '../sessions/session-view.js';

/** What `whoami` answers. */
interface WhoAmI {
  readonly user: string;
  /** The extractor that found the credential. */
  readonly via: string;
}

/** One endpoint for everybody: each client authenticates the way that suits it. */
@WsAuth({
  strategy: ['jwt', 'basic'],
  credentials: [
    fromAuthorizationHeader(),
    fromQueryParam('token'),
    fromCookie('token'),
    fromSubprotocol(),
    fromUserInfo(),
    fromFirstMessage(),
  ],
  allowedOrigins: pageOrigins,
})
@WebSocketGateway({ path: '/ws' })
export class CombinedGateway {
  @SubscribeMessage('whoami')
  whoAmI(
    @WsUser('username') user: string,
    @WsSession() { extractor }: WsAuthSession,
  ): WsResponse<WhoAmI> {
    return { event: 'whoami', data: { user, via: extractor } };
  }

  /** Answers a client with the id of its session. */
  @SubscribeMessage('session')
  session(@WsSession() session: WsAuthSession): WsResponse<SessionView> {
    return { event: 'session', data: viewOf(session) };
  }
}
