import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { WsUser } from 'nestjs-ws-auth';

@WebSocketGateway({ namespace: 'chat' })
export class ChatGateway {
  @SubscribeMessage('hello')
  hello(@WsUser('id') id: string) {
    return `Hello ${id}!`;
  }
}
