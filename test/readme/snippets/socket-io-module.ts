import { Module } from '@nestjs/common';
import { WsAuthModule } from 'nestjs-ws-auth';
import { socketIo } from 'nestjs-ws-auth/socket.io';

@Module({
  // `platform` is needed only where @nestjs/platform-ws is installed as well.
  imports: [WsAuthModule.forRoot({ strategy: 'jwt', platform: socketIo() })],
})
export class AuthModule {}
