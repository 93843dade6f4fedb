import { checkInteger } from '../policy/check-option.js';
import type { WsTicketOptions } from '../policy/options.js';
import type { TicketLimits, WsAuthStore } from '../store/ws-auth-store.js';

/** Token under which the settings of tickets are injected. */
export const WS_TICKET_SETTINGS = Symbol('nestjs-ws-auth:ticket-settings');

/** The options, checked, with what they need. */
export interface TicketSettings {
  readonly store: WsAuthStore;
  readonly ttlMs: number;
  readonly limits: TicketLimits;
  readonly userId: (user: object) => string | undefined;
}

/** @throws {WsAuthConfigurationError} for an option out of bounds. */
export function ticketSettings(
  options: WsTicketOptions,
  { store, userId }: Pick<TicketSettings, 'store' | 'userId'>,
): TicketSettings {
  const { ttlMs = 30_000, maxPerUser = 100, maxTotal = 100_000 } = options;
  return {
    store,
    userId,
    ttlMs: checkInteger('tickets.ttlMs', ttlMs, { min: 1_000, max: 300_000 }),
    limits: {
      maxPerUser: checkInteger('tickets.maxPerUser', maxPerUser, { min: 1 }),
      maxTotal: checkInteger('tickets.maxTotal', maxTotal, { min: 1 }),
    },
  };
}
