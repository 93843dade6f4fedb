import { register } from 'node:module';
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
import type { User } from './verify.js';

/** Here the platform has another name: an application in whose folder two are found has to choose. */
const resolve = `export const resolve = (name, context, next) =>
  next(name === '@nestjs/platform-socket.io' ? 'socket.io-platform' : name, context);`;

/** As the contender without this package. */
const options = {
  transports: ['websocket' as const],
  perMessageDeflate: false,
  serveClient: false,
  pingInterval: 300_000,
};

@WebSocketGateway(options)
class EchoGateway {
  @SubscribeMessage('echo')
  echo(@MessageBody() data: unknown, @ConnectedSocket() client: Socket): void {
    client.emit('echo', data);
  }

  @SubscribeMessage('early')
  early(@MessageBody() n: unknown, @ConnectedSocket() client: Socket, @WsUser() user: User): void {
    client.emit('early', { n, user: user.id });
  }
}

/** This package with Socket.IO over WebSocket alone, and a token in the header of the upgrade. */
export const oursWithSocketIo: Contender = async (settings) => {
  register(`data:text/javascript,${encodeURIComponent(resolve)}`);
  const { socketIo } = await import('../../../lib/socket-io.js');
  const { app, port } = await startOurs(
    settings,
    { strategy: 'jwt', platform: socketIo(), rejection: 'http' },
    EchoGateway,
  );
  return { port, commands: sessionCommands(app) };
};
