import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { WsUser } from 'nestjs-ws-auth';

@WebSocketGateway({ path: '/chat' })
export class ChatGateway {
  @SubscribeMessage('hello')
  hello(@WsUser('id') id: string) {
    return { event: 'hello', data: `Hello ${id}!` };
  }
}
