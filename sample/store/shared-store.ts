import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { WsAuthStore } from 'nestjs-ws-auth';

/** The store that several samples share, and how to let go of it; no store where the sample is alone. */
export class SharedStore implements OnApplicationShutdown {
  private constructor(
    readonly store: WsAuthStore | undefined,
    private readonly release: () => void,
  ) {}

  /** Without an address nothing of Redis is loaded. */
  static async connect(url: string | undefined): Promise<SharedStore> {
    if (url === undefined) return new SharedStore(undefined, () => undefined);
    const [{ createClient }, { redisWsAuthStore }] = await Promise.all([
      import('redis'),
      import('nestjs-ws-auth/redis'),
    ]);
    const logger = new Logger('Redis');
    const client = createClient({ url });
    client.on('error', (error: unknown) => logger.error(error));
    await client.connect();
    const store = redisWsAuthStore(client, { keyPrefix: 'ws-auth-sample' });
    return new SharedStore(store, () => client.destroy());
  }

  onApplicationShutdown(): void {
    this.release();
  }
}
