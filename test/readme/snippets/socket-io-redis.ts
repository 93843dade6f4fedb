import type { INestApplication } from '@nestjs/common';
import { createAdapter } from '@socket.io/redis-streams-adapter';
import { WsAuthIoAdapter } from 'nestjs-ws-auth/socket.io';
import type { ServerOptions } from 'socket.io';

export class RedisIoAdapter extends WsAuthIoAdapter {
  constructor(
    app: INestApplication,
    private readonly redis: Parameters<typeof createAdapter>[0],
  ) {
    super(app);
  }

  override createIOServer(port: number, options?: ServerOptions) {
    const server = super.createIOServer(port, options);
    server.adapter(createAdapter(this.redis));
    return server;
  }
}

/** For `main.ts`, before `app.listen()`. */
export function useRedis(app: INestApplication, redis: object): void {
  app.useWebSocketAdapter(new RedisIoAdapter(app, redis));
}
