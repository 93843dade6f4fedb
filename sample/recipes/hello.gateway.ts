import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { WsUser } from 'nestjs-ws-auth';

/** The gateway of all recipes: answers its clients with their names. */
@WebSocketGateway({ path: '/hello' })
export class HelloGateway {
  @SubscribeMessage('hello')
  hello(@WsUser() user: unknown) {
    return { event: 'hello', data: user };
  }
}
