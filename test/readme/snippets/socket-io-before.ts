import { JwtService } from '@nestjs/jwt';
import {
  ConnectedSocket,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from '@nestjs/websockets';
import type { Namespace, Socket } from 'socket.io';

@WebSocketGateway({ namespace: 'chat' })
export class ChatGateway {
  @WebSocketServer() readonly chat!: Namespace;

  constructor(private readonly jwt: JwtService) {}

  afterInit() {
    this.chat.use(async (socket, next) => {
      try {
        socket.data.user = await this.jwt.verifyAsync(socket.handshake.auth['token']);
        next(); // for as long as the client likes: nothing ends with the token
      } catch {
        next(new Error('unauthorized'));
      }
    });
  }

  @SubscribeMessage('hello')
  hello(@ConnectedSocket() client: Socket) {
    return `Hello ${client.data.user.sub}!`;
  }
}
