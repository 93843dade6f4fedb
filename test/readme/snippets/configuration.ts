import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { WsAuthModule } from 'nestjs-ws-auth';

@Module({
  imports: [
    WsAuthModule.forRootAsync({
      imports: [ConfigModule.forRoot()],
      inject: [ConfigService],
      useFactory: (config: ConfigService) => ({
        strategy: 'jwt',
        allowedOrigins: config.getOrThrow<string>('ALLOWED_ORIGINS').split(','),
        trustProxy: config.get<string>('TRUST_PROXY', 'loopback'),
      }),
    }),
  ],
})
export class SocketsModule {}
