import { WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import { userOf } from 'nestjs-ws-auth';
import type { Server, Socket } from 'socket.io';

@WebSocketGateway()
export class NoticesGateway {
  @WebSocketServer() readonly server!: Server;

  async handleConnection(client: Socket) {
    await client.join(`user:${userOf<{ id: string }>(client).id}`);
  }

  /** Sends to all devices of the user, on all nodes that share an adapter. */
  send(userId: string, text: string): void {
    this.server.to(`user:${userId}`).emit('notice', text);
  }
}
