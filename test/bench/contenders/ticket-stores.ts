import { createClient } from 'redis';
import {
  MemoryWsAuthStore,
  WsAuthModule,
  WsTickets,
  type WsAuthStore,
} from '../../../lib/index.js';
import { redisWsAuthStore } from '../../../lib/redis.js';
import { ticketDigest } from '../../../lib/tickets/ticket-digest.js';
import type { Contender, Settings } from './contender.js';
import { EchoGateway } from './echo.gateway.js';
import { jwtStrategy } from './jwt-strategy.js';
import { startNest } from './nest-application.js';

/** How many tickets are issued and taken. */
export interface RoundTrips {
  readonly count: number;
  /** Socket of a Redis server, or nothing for memory. */
  readonly redis?: string;
}

/** No gateway in between: a ticket is issued, then taken out of its store. */
export const ticketStores: Contender = async (settings) => {
  const memory = await shop(settings, new MemoryWsAuthStore());
  let redis: Shop | undefined;
  return {
    port: 0,
    commands: {
      roundTrips: async ({ count, redis: path }: RoundTrips) => {
        if (path !== undefined) {
          redis ??= await shop(settings, await redisStore(path));
        }
        await roundTrips(path === undefined ? memory : redis!, count);
      },
    },
  };
};

interface Shop {
  readonly tickets: WsTickets;
  readonly store: WsAuthStore;
}

async function shop(settings: Settings, store: WsAuthStore): Promise<Shop> {
  const { app } = await startNest({
    imports: [WsAuthModule.forRoot({ strategy: 'jwt', store, tickets: {} })],
    providers: [jwtStrategy(settings), EchoGateway],
  });
  return { tickets: app.get(WsTickets), store };
}

async function redisStore(path: string): Promise<WsAuthStore> {
  const client = createClient({ socket: { path, tls: false } });
  client.on('error', () => undefined);
  await client.connect();
  return redisWsAuthStore(client);
}

/** 64 at a time, as servers see them. */
async function roundTrips({ tickets, store }: Shop, count: number): Promise<void> {
  let left = count;
  const work = async (lane: number) => {
    while (left > 0) {
      left -= 1;
      const { ticket } = await tickets.issue({ id: `user-${lane}` });
      if ((await store.takeTicket(ticketDigest(ticket))) === undefined) {
        throw new Error('a ticket was lost');
      }
    }
  };
  await Promise.all(Array.from({ length: 64 }, (_, lane) => work(lane)));
}
