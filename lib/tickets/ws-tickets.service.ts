import { Inject, Injectable } from '@nestjs/common';
import { ContainedLogger } from '../events/contained-logger.js';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { comesTooLate } from '../passport/thenable.js';
import { addressKey } from '../policy/address-key.js';
import { checkInteger, describe } from '../policy/check-option.js';
import { demandKnownOptions } from '../policy/check-options.js';
import { isRecord } from '../protocol/message.js';
import { normalizeOrigin } from '../protocol/origin.js';
import { parseRequestTarget } from '../protocol/request-target.js';
import { LiveSessions } from '../sessions/live-sessions.js';
import { inTime } from '../store/in-time.js';
import { sharedNow } from '../store/store-clock.js';
import { newTicket, ticketDigest } from './ticket-digest.js';
import type { TicketBinding, TicketPayload } from './ticket-payload.js';
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
  /**
   * Address of the client it is good for, such as `req.ip`; an IPv6 address stands for its /64. An address that is given
   * and cannot be read, `undefined` included, is refused: the ticket would be good for every client, or for none.
   */
  readonly address?: string;
  /**
   * Becomes `info` of the session: JSON. `exp` in seconds ends it. Pass the `iat` of the token that the caller came with, so
   * that a ticket does not outlive the revocation of that token.
   */
  readonly info?: Readonly<Record<string, unknown>>;
  /**
   * Id of the session that asks for it. The ticket is refused once that session is revoked; and, if the session is of this
   * process, once it has expired, or its token is revoked.
   */
  readonly sessionId?: string;
}

const ticketOptions = {
  ttlMs: true,
  path: true,
  origin: true,
  address: true,
  info: true,
  sessionId: true,
} satisfies Record<keyof TicketOptions, true>;

/** A ticket and the end of its life. */
export interface IssuedTicket {
  /** The ticket itself: opaque, single-use, in base64url. Show it only to the client. */
  readonly ticket: string;
  /** End of the ticket in epoch milliseconds, by the clock of this node. */
  readonly expiresAt: number;
}

/**
 * Issues tickets: single-use, short-lived tokens that stand for a user. One that leaks with a URL has already been spent.
 *
 * @example
 * ```ts
 * const { ticket, expiresAt } = await tickets.issue(user, { path: '/chat' });
 * ```
 * @publicApi
 */
@Injectable()
export class WsTickets {
  #warned = false;

  /** @internal */
  constructor(
    @Inject(WS_TICKET_SETTINGS) private readonly settings: TicketSettings | undefined,
    @Inject(LiveSessions) private readonly sessions: LiveSessions,
  ) {}

  /**
   * Issues a ticket for a user that the caller has authenticated, such as a route behind an HTTP guard.
   *
   * A user without a key (`userId`) shares no bound with others: its tickets count towards `maxTotal` alone.
   *
   * @param user what the session's user will be, as JSON carries it; a bigint arrives as its text
   * @throws {WsAuthConfigurationError} without the option `tickets`, for a user that is not an object, or a promise, or that loses its
   *   key in JSON, and for options that are unknown or out of bounds.
   * @throws {WsAuthStoreError} if the store cannot be reached.
   */
  async issue(user: object, options: TicketOptions = {}): Promise<IssuedTicket> {
    const { store, ttlMs: byDefault, limits } = this.#demandSettings();
    // A misspelt name would be a ticket that is not bound.
    demandKnownOptions(ticketOptions, options, 'options');
    demandUsable(options);
    const ttlMs = checkInteger('ttlMs', options.ttlMs ?? byDefault, { min: 1_000, max: 300_000 });
    // JSON would carry a promise that the caller forgot to await as a user without a field.
    if (!isRecord(user) || comesTooLate(user)) {
      throw new WsAuthConfigurationError('user: expected an object, as strategies return it');
    }
    const issuedAt = await sharedNow(store);
    const payload: TicketPayload = {
      user,
      // Half a millisecond earlier, so that seconds and back never come out later than a revocation of this instant.
      info: { iat: (issuedAt - 0.5) / 1_000, ...options.info },
      bound: this.#bindingOf(options),
    };
    const ticket = newTicket();
    const digest = ticketDigest(ticket);
    const userId = this.#keyOf(user) ?? digest;
    const stored = { digest, userId, payload: toJson(payload), ttlMs };
    await inTime(store.putTicket(stored, limits));
    return { ticket, expiresAt: Date.now() + ttlMs };
  }

  /** A session that the ticket begins has the key of the user as JSON carries it, so that both have to be the same. */
  #keyOf(user: object): string | undefined {
    const { userId } = this.#demandSettings();
    const key = userId(user);
    const carried: unknown = JSON.parse(toJson(user));
    if (!isRecord(carried) || userId(carried) !== key) {
      throw new WsAuthConfigurationError(
        'user: its key (userId) is another once JSON has carried it; pass a user whose key is a text or a number',
      );
    }
    if (key === undefined) {
      this.#warnOfMissingKey();
    }
    return key;
  }

  #warnOfMissingKey(): void {
    if (!this.#warned) {
      this.#warned = true;
      new ContainedLogger('WsAuth').warn(
        'userId: a ticket was issued for a user without a key, so tickets.maxPerUser does not bound it; set the option userId',
      );
    }
  }

  #bindingOf(options: TicketOptions): TicketBinding {
    const { path, origin, sessionId } = options;
    const parent = sessionId === undefined ? undefined : this.sessions.with(sessionId);
    return {
      path,
      origin: origin === undefined ? undefined : checkOrigin(origin),
      address: 'address' in options ? checkAddress(options.address) : undefined,
      sessionId,
      tokenIds: parent?.proof.tokenIds,
      endsAt: parent?.session.expiresAt,
    };
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

/** Ids may be bigints, which JSON does not know. */
function toJson(value: object): string {
  return JSON.stringify(value, (_name, each: unknown) =>
    typeof each === 'bigint' ? String(each) : each,
  );
}

/**
 * Refuses what no client could ever be: a ticket that is bound to it would be issued, and refused without a reason.
 *
 * @throws {WsAuthConfigurationError} for a path that no request has, and for a session or an info of another type
 */
function demandUsable({ path, sessionId, info }: Partial<Record<keyof TicketOptions, unknown>>) {
  if (
    path !== undefined &&
    !(typeof path === 'string' && parseRequestTarget(path)?.path === path)
  ) {
    throw new WsAuthConfigurationError(
      "path: expected the path of a gateway as clients send it, such as '/chat', without a host and a query",
    );
  }
  if (sessionId !== undefined && (typeof sessionId !== 'string' || sessionId === '')) {
    throw new WsAuthConfigurationError(
      `sessionId: expected the id of a session, got ${describe(sessionId)}`,
    );
  }
  if (info !== undefined && !isRecord(info)) {
    throw new WsAuthConfigurationError(`info: expected an object, got ${describe(info)}`);
  }
}

function checkAddress(address: unknown): string {
  const key = typeof address === 'string' ? addressKey(address) : undefined;
  if (key === undefined) {
    throw new WsAuthConfigurationError(
      'address: expected the IPv4 or IPv6 address of the client, such as req.ip; behind a proxy or a Unix socket set trustProxy',
    );
  }
  return key;
}

function checkOrigin(origin: unknown): string {
  const normalized = typeof origin === 'string' ? normalizeOrigin(origin) : undefined;
  if (normalized === undefined) {
    throw new WsAuthConfigurationError(
      'origin: expected an origin such as https://app.example.com',
    );
  }
  return normalized;
}
