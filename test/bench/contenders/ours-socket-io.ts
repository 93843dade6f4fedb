import type { Socket } from 'socket.io';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import { WsUser } from '../../../lib/index.js';
import type { Contender } from './contender.js';
import { sessionCommands, startOurs } from './ours.js';
import { SocketIoEchoGateway, socketIoOptions } from './socket-io-echo.gateway.js';
import { findSocketIoPlatform } from './socket-io-platform.js';
import type { User } from './verify.js';

@WebSocketGateway(socketIoOptions)
class EchoGateway extends SocketIoEchoGateway {
  @SubscribeMessage('early')
  early(@MessageBody() n: unknown, @ConnectedSocket() client: Socket, @WsUser() user: User): void {
    client.emit('early', { n, user: user.id });
  }
}

/** This package with Socket.IO over WebSocket alone, and a token in the header of the upgrade. */
export const oursWithSocketIo: Contender = async (settings) => {
  findSocketIoPlatform();
  const { socketIo } = await import('../../../lib/socket-io.js');
  const { app, port } = await startOurs(
    settings,
    { strategy: 'jwt', platform: socketIo(), rejection: 'http' },
    EchoGateway,
  );
  return { port, commands: sessionCommands(app) };
};
