import { Module } from '@nestjs/common';
import { WsAuthModule } from 'nestjs-ws-auth';
import { redisWsAuthStore } from 'nestjs-ws-auth/redis';
import { createClient } from 'redis';

export const client = createClient({ url: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379' });
client.on('error', (error: Error) => process.stderr.write(`redis: ${error.message}\n`));
await client.connect();

@Module({
  imports: [
    WsAuthModule.forRoot({
      strategy: 'jwt',
      tickets: {},
      store: redisWsAuthStore(client, { keyPrefix: 'chat', commandTimeoutMs: 1_000 }),
    }),
  ],
})
export class AppModule {}
