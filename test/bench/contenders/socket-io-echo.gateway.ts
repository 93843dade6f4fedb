import type { Socket } from 'socket.io';
import { ConnectedSocket, MessageBody, SubscribeMessage } from '@nestjs/websockets';

/** Options of every contender with Socket.IO. */
export const socketIoOptions = {
  transports: ['websocket' as const],
  perMessageDeflate: false,
  serveClient: false,
  pingInterval: 300_000,
};

/** A gateway of Socket.IO that sends back what it gets. */
export class SocketIoEchoGateway {
  @SubscribeMessage('echo')
  echo(@MessageBody() data: unknown, @ConnectedSocket() client: Socket): void {
    client.emit('echo', data);
  }
}
