import { Module } from '@nestjs/common';
import { WsAuthModule } from 'nestjs-ws-auth';
import { openTelemetry } from 'nestjs-ws-auth/opentelemetry';
import { ChatGateway, JwtStrategy } from './chat.module.js';

@Module({
  imports: [WsAuthModule.forRoot({ strategy: 'jwt', telemetry: openTelemetry() })],
  providers: [JwtStrategy, ChatGateway],
})
export class ObservedModule {}
