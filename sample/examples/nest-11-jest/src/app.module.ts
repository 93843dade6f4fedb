import { Module } from '@nestjs/common';
import { WsAuthModule } from 'nestjs-ws-auth';
import { ChatGateway } from './chat.gateway';
import { JwtStrategy } from './jwt.strategy';

@Module({
  imports: [WsAuthModule.forRoot({ strategy: 'jwt' })],
  providers: [JwtStrategy, ChatGateway],
})
export class AppModule {}
