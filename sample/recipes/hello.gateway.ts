import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { WsUser } from 'nestjs-ws-auth';

/** The gateway of all recipes: tells its clients who they are. */
@WebSocketGateway({ path: '/hello' })
export class HelloGateway {
  @SubscribeMessage('hello')
  hello(@WsUser() user: unknown) {
    return { event: 'hello', data: user };
  }
}
