import {
  Controller,
  HttpCode,
  Module,
  Post,
  Req,
  UseGuards,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { WsAuthModule, WsAuthSessions, WsUser } from 'nestjs-ws-auth';
import { redisWsAuthStore } from 'nestjs-ws-auth/redis';
import { createClient } from 'redis';
import { JwtStrategy, type User } from '../jwt.strategy.js';

@WebSocketGateway({ path: '/chat' })
class ChatGateway {
  @SubscribeMessage('hello')
  hello(@WsUser('id') id: string) {
    return { event: 'hello', data: `Hello ${id}!` };
  }
}

@UseGuards(AuthGuard('jwt'))
@Controller('logout')
class LogoutController {
  constructor(private readonly sessions: WsAuthSessions) {}

  /** Ends the sockets of the user on all nodes, and refuses tokens that were issued so far. */
  @Post()
  @HttpCode(204)
  async logOut(@Req() { user }: { user: User }): Promise<void> {
    await this.sessions.revoke({ userId: user.id });
  }
}

/** The client of Redis. It is closed when the last socket has ended. */
class Redis implements OnApplicationShutdown {
  readonly client = createClient({ url: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379' });

  constructor() {
    this.client.on('error', (error: Error) => console.error(error.message));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.client.close();
  }
}

@Module({ providers: [Redis], exports: [Redis] })
class RedisModule {}

/** A node of an application. All nodes share one Redis. */
@Module({
  imports: [
    WsAuthModule.forRootAsync({
      imports: [RedisModule],
      inject: [Redis],
      useFactory: async ({ client }: Redis) => {
        await client.connect();
        return { strategy: 'jwt', store: redisWsAuthStore(client), trustProxy: 'loopback' };
      },
    }),
  ],
  controllers: [LogoutController],
  providers: [JwtStrategy, ChatGateway],
})
export class AppModule {}
