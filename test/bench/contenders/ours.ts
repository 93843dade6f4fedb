import type { INestApplication, Type } from '@nestjs/common';
import {
  fromQueryParam,
  WsAuthModule,
  WsAuthSessions,
  WsTickets,
  type WsAuthModuleOptions,
} from '../../../lib/index.js';
import type { Commands, Contender, Settings } from './contender.js';
import { EchoGateway } from './echo.gateway.js';
import { jwtStrategy } from './jwt-strategy.js';
import { startNest } from './nest-application.js';

/** All clients of a run come from one address, and a loaded machine lets them wait. */
export const benchBounds = {
  maxPending: 8_192,
  maxPendingPerAddress: 8_192,
  authTimeoutMs: 40_000,
};

/** This package with its defaults: a token in the header of the upgrade, or in the first message. */
export const ours: Contender = async (settings) => {
  const { app, port } = await startOurs(settings, { strategy: 'jwt' });
  return { port, commands: sessionCommands(app) };
};

/** This package with tickets in the query, kept in memory. */
export const oursWithTickets: Contender = async (settings) => {
  const { app, port } = await startOurs(settings, {
    credentials: [fromQueryParam('ticket', { strategy: 'ws-ticket' })],
    tickets: { maxPerUser: 1_000_000, maxTotal: 1_000_000, ttlMs: 300_000 },
  });
  return { port, commands: ticketCommands(app) };
};

export function startOurs(
  settings: Settings,
  options: WsAuthModuleOptions,
  gateway: Type<object> = EchoGateway,
) {
  return startNest({
    imports: [WsAuthModule.forRoot({ ...benchBounds, ...options })],
    providers: [jwtStrategy(settings), gateway],
  });
}

export function sessionCommands(app: INestApplication): Commands {
  const sessions = app.get(WsAuthSessions);
  return {
    revoke: async (userId: string) => {
      const startedAt = Date.now();
      await sessions.revoke({ userId });
      return startedAt;
    },
  };
}

function ticketCommands(app: INestApplication): Commands {
  const tickets = app.get(WsTickets);
  return {
    issueTickets: async (count: number) => {
      const issued = Array.from({ length: count }, (_, index) =>
        tickets.issue({ id: `user-${index % 1_000}` }),
      );
      return (await Promise.all(issued)).map(({ ticket }) => ticket);
    },
  };
}
