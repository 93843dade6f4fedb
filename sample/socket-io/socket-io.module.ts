import { Module } from '@nestjs/common';
import { WsAuthModule } from 'nestjs-ws-auth';
import { socketIo } from 'nestjs-ws-auth/socket.io';
import { AuthModule } from '../auth/auth.module.js';
import { SocketIoGreetingGateway } from './greeting.gateway.js';

/** The application of the Socket.IO tile. `platform` is needed only where both platforms are installed. */
@Module({
  imports: [AuthModule, WsAuthModule.forRoot({ strategy: 'jwt', platform: socketIo() })],
  providers: [SocketIoGreetingGateway],
})
export class SocketIoModule {}
