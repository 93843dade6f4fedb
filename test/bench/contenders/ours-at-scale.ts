import { setTimeout as delay } from 'node:timers/promises';
import type { INestApplication } from '@nestjs/common';
import { WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import { createClient } from 'redis';
import type { WebSocketServer as Sockets } from 'ws';
import { WsAuthSessions } from '../../../lib/index.js';
import { redisWsAuthStore } from '../../../lib/redis.js';
import { broadcast, settleMs } from './broadcast.js';
import type { Commands, Contender } from './contender.js';
import { EchoGateway } from './echo.gateway.js';
import { sessionCommands, startOurs } from './ours.js';

const heartbeatIntervalMs = 1_000;

/** Revocations that are published at a time. */
const lanes = 200;

@WebSocketGateway()
class BroadcastGateway extends EchoGateway {
  @WebSocketServer()
  readonly sockets!: Sockets;
}

/** This package with its defaults, and commands that concern all of its sessions. */
export const oursAtScale: Contender = async (settings) => {
  const { app, port } = await startOurs(settings, { strategy: 'jwt' }, BroadcastGateway);
  return { port, commands: { ...sessionCommands(app), ...scaleCommands(app) } };
};

/** The same with a heartbeat every second. */
export const oursWithHeartbeat: Contender = async (settings) => {
  const options = { strategy: 'jwt', heartbeatIntervalMs };
  const { port } = await startOurs(settings, options, BroadcastGateway);
  return { port, commands: { beat: () => delay(settleMs) } };
};

/** The same on Redis. */
export const oursOnRedis: Contender = async (settings) => {
  const client = createClient({ socket: { path: settings.redis!, tls: false } });
  client.on('error', () => undefined);
  await client.connect();
  const { app, port } = await startOurs(
    settings,
    {
      strategy: 'jwt',
      store: redisWsAuthStore(client, { keyPrefix: 'bench' }),
      maxStalenessMs: 1_500,
    },
    BroadcastGateway,
  );
  const sessions = app.get(WsAuthSessions);
  return {
    port,
    commands: {
      /** Publishes revocations of users who have no session. */
      publish: async (count: number) => {
        let left = count;
        const lane = async () => {
          while ((left -= 1) >= 0) {
            await sessions.revoke({ userId: `absent-${left}` });
          }
        };
        await Promise.all(Array.from({ length: lanes }, lane));
      },
      /** The stream no longer knows the cursor of this node, which reads everything at its next reading. */
      reread: async () => {
        const stream = '{bench}:revocations';
        const newest = await client.xRevRange(stream, '+', '-', { COUNT: 1 });
        await client.xDel(stream, newest![0]!.id);
        await delay(settleMs);
      },
    },
  };
};

function scaleCommands(app: INestApplication): Commands {
  return {
    broadcast: () => broadcast(app.get(BroadcastGateway).sockets),
    shutDown: async () => {
      const startedAt = Date.now();
      await app.close();
      return startedAt;
    },
  };
}
