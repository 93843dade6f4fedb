import { type OnGatewayConnection, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { userOf } from 'nestjs-ws-auth';
import type { Socket } from 'socket.io';
import type { User } from '../auth/user.js';
import { pageOrigins } from '../config.js';

/** The conversation of the experiment in events. Nothing here authenticates either. */
@WebSocketGateway({ cors: { origin: pageOrigins } })
export class SocketIoGreetingGateway implements OnGatewayConnection<Socket> {
  handleConnection(client: Socket): void {
    client.emit('hello', `Hello ${userOf<User>(client).username}!`);
  }

  @SubscribeMessage('goodbye')
  goodbye(): string {
    return 'closing';
  }
}
