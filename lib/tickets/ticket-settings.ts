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

/** Puts the checked options into the form that issuing uses. */
export function ticketSettings(
  { ttlMs, maxPerUser, maxTotal }: Required<WsTicketOptions>,
  { store, userId }: Pick<TicketSettings, 'store' | 'userId'>,
): TicketSettings {
  return { store, userId, ttlMs, limits: { maxPerUser, maxTotal } };
}
