import {
  MemoryWsAuthStore,
  WsAuthEvents,
  type WsAuthEventMap,
  type WsAuthModuleOptions,
} from '../../../lib/index.js';
import { benchOrigin } from '../load/requests.js';
import type { Contender } from './contender.js';
import { sessionCommands, startOurs } from './ours.js';

const eventNames = [
  'authenticating',
  'authenticated',
  'refused',
  'reauthenticated',
  'expiring',
  'expired',
  'revoked',
  'disconnected',
] as const satisfies readonly (keyof WsAuthEventMap)[];

const everything: WsAuthModuleOptions = {
  strategy: 'jwt',
  allowedOrigins: benchOrigin,
  maxSessionAgeMs: 3_600_000,
  maxSessionsPerUser: 1_000_000,
  onLimit: 'closeOldest',
};

/** This package with everything on: an end, a revocation check, listeners to all events, and limits. */
export const oursWithEverything: Contender = async (settings) => {
  const { app, port } = await startOurs(settings, {
    ...everything,
    store: new MemoryWsAuthStore(),
    failedAttempts: { perAddress: { points: 1_000_000_000, windowMs: 3_600_000 } },
  });
  const events = app.get(WsAuthEvents);
  let heard = 0;
  for (const name of eventNames) {
    events.on(name, () => {
      heard += 1;
    });
  }
  return { port, commands: { ...sessionCommands(app), eventsHeard: () => heard } };
};

/** The same for a client that has failed too often. */
export const oursOverTheLimit: Contender = async (settings) => {
  const { port } = await startOurs(settings, {
    ...everything,
    failedAttempts: { perAddress: { points: 1, windowMs: 3_600_000 } },
  });
  return { port };
};
