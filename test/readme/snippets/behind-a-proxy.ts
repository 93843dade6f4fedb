import { Module } from '@nestjs/common';
import { WsAuthModule } from 'nestjs-ws-auth';

@Module({ imports: [WsAuthModule.forRoot({ strategy: 'jwt', trustProxy: 'loopback' })] })
export class SocketsModule {}
