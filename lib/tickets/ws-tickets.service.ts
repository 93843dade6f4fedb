import { Inject, Injectable } from '@nestjs/common';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { checkInteger } from '../policy/check-option.js';
import { normalizeOrigin } from '../protocol/origin.js';
import { newTicket, ticketDigest } from './ticket-digest.js';
import type { TicketPayload } from './ticket-payload.js';
import { WS_TICKET_SETTINGS, type TicketSettings } from './ticket-settings.js';

/** What a ticket is bound to, and how long it lives. */
export interface TicketOptions {
  /**
   * Life in milliseconds, from 1,000 to 300,000.
   *
   * @default `ttlMs` of the module, 30,000
   */
  readonly ttlMs?: number;
  /** Path it is good for, such as `/ws`. */
  readonly path?: string;
  /** Origin of the page it is good for. */
  readonly origin?: string;
  /** Address of the client it is good for. */
  readonly address?: string;
  /** Becomes `info` of the session; `exp` in seconds ends it. JSON. */
  readonly info?: Readonly<Record<string, unknown>>;
  /** Session that asks for it. The ticket is refused once that session is revoked. */
  readonly sessionId?: string;
}

/** A ticket and the end of its life. */
export interface IssuedTicket {
  /** Opaque, single-use, base64url. Show it to nobody but the client. */
  readonly ticket: string;
  /** Epoch milliseconds by the clock of this node. */
  readonly expiresAt: number;
}

/**
 * Issues tickets: single-use, short-lived tokens that stand for a user. One that leaks with a URL has already been spent.
 *
 * @publicApi
 */
@Injectable()
export class WsTickets {
  constructor(@Inject(WS_TICKET_SETTINGS) private readonly settings: TicketSettings | undefined) {}

  /**
   * Issues a ticket for a user that the caller has authenticated, such as a route behind an HTTP guard.
   *
   * @param user what the session's user will be, as JSON carries it
   * @throws {WsAuthConfigurationError} if the module was not told `tickets`, and for options out of bounds.
   * @throws {WsAuthStoreError} if the store cannot be reached.
   */
  async issue(user: object, options: TicketOptions = {}): Promise<IssuedTicket> {
    const { store, ttlMs: byDefault, userId, limits } = this.#demandSettings();
    const ttlMs = checkInteger('ttlMs', options.ttlMs ?? byDefault, { min: 1_000, max: 300_000 });
    const { path, address, info, sessionId } = options;
    const origin = options.origin === undefined ? undefined : normalizeOrigin(options.origin);
    if (options.origin !== undefined && origin === undefined) {
      throw new WsAuthConfigurationError(
        'origin: expected an origin such as https://app.example.com',
      );
    }
    const now = Date.now();
    const payload: TicketPayload = {
      user,
      info: { ...info, iat: now / 1_000 },
      bound: { path, origin, address, sessionId },
    };
    const ticket = newTicket();
    await store.putTicket(
      {
        digest: ticketDigest(ticket),
        userId: userId(user) ?? '',
        payload: JSON.stringify(payload),
        ttlMs,
      },
      limits,
    );
    return { ticket, expiresAt: now + ttlMs };
  }

  #demandSettings(): TicketSettings {
    if (!this.settings) {
      throw new WsAuthConfigurationError(
        'tickets: not configured; pass WsAuthModule.forRoot({ tickets: {} })',
      );
    }
    return this.settings;
  }
}
