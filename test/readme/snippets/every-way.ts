import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  fromSubprotocol,
  WsAuth,
  WsSession,
  type WsAuthSession,
} from 'nestjs-ws-auth';

@WsAuth({
  strategy: 'jwt',
  credentials: [
    fromAuthorizationHeader({ strategy: ['jwt', 'basic'] }), // machines may use a password, pages may not
    fromQueryParam('ticket', { strategy: 'ws-ticket' }),
    fromSubprotocol(),
    fromCookie('__Host-token'),
    fromFirstMessage(),
  ],
})
@WebSocketGateway({ path: '/chat' })
export class ChatGateway {
  @SubscribeMessage('whoami')
  whoami(@WsSession() { userId, strategy, extractor }: WsAuthSession) {
    return { event: 'whoami', data: { userId, strategy, extractor } };
  }
}
