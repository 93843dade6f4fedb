import { Module } from '@nestjs/common';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from '@nestjs/websockets';
import { userOf, WsAuthModule, WsUser } from 'nestjs-ws-auth';
import { socketIo } from 'nestjs-ws-auth/socket.io';
import type { Namespace, Socket } from 'socket.io';
import { JwtStrategy, type User } from '../jwt.strategy.js';

@WebSocketGateway({ namespace: 'chat' })
class ChatGateway {
  @WebSocketServer() readonly server!: Namespace;

  /** Called for authenticated clients only. A room per user reaches all its devices. */
  async handleConnection(client: Socket) {
    await client.join(`user:${userOf<User>(client).id}`);
  }

  @SubscribeMessage('say')
  say(@WsUser('id') from: string, @MessageBody() text: string, @ConnectedSocket() client: Socket) {
    client.broadcast.emit('said', { from, text });
    return 'sent';
  }

  @SubscribeMessage('whisper')
  whisper(@WsUser('id') from: string, @MessageBody() { to, text }: { to: string; text: string }) {
    this.server.to(`user:${to}`).emit('whispered', { from, text });
    return 'sent';
  }
}

/** A chat in a namespace of Socket.IO. */
@Module({
  // `platform` is needed only where @nestjs/platform-ws is installed as well.
  imports: [WsAuthModule.forRoot({ strategy: 'jwt', platform: socketIo() })],
  providers: [JwtStrategy, ChatGateway],
})
export class AppModule {}
