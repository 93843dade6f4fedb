import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { fromFirstMessage, fromQueryParam, WsAuth, WsUser } from 'nestjs-ws-auth';

@WsAuth({ credentials: [fromQueryParam('token'), fromFirstMessage()] })
@WebSocketGateway({ path: '/chat' })
export class ChatGateway {
  @SubscribeMessage('hello')
  hello(@WsUser('id') id: string) {
    return { event: 'hello', data: `Hello ${id}!` };
  }
}
