import { randomUUID } from 'node:crypto';
import { ownCopy } from '../protocol/own-copy.js';
import type { WsAuthTransport } from '../protocol/transport.js';

/** What a session is made of. */
export interface SessionFacts {
  /** Kept when a session is renewed. */
  readonly id?: string;
  readonly user: unknown;
  readonly userId: string | undefined;
  readonly info: unknown;
  readonly strategy: string | undefined;
  readonly extractor: string;
  readonly transport: WsAuthTransport;
  readonly authenticatedAt: number;
  readonly expiresAt: number | undefined;
}

/**
 * An authenticated connection. Immutable: re-authentication makes a new one.
 *
 * @example
 * ```ts
 * for (const { userId, extractor, expiresAt } of sessions) {
 *   logger.log(`${userId} by ${extractor}, until ${expiresAt}`);
 * }
 * ```
 * @publicApi
 */
export class WsAuthSession<User = unknown> {
  /** Random, unguessable name of the session. It names the session in logs and never proves anything. */
  readonly id: string;
  /** What the strategy returned; `null` for an anonymous session. */
  readonly user: User;
  /** Key of the user; `undefined` for an anonymous session, or when the user has none. */
  readonly userId: string | undefined;
  /** Second value of the strategy, such as `validate()` returning `[user, info]`. */
  readonly info: unknown;
  /** Name of the strategy that succeeded; `undefined` for an anonymous session. */
  readonly strategy: string | undefined;
  /** Name of the extractor that found the credential, such as `fromQueryParam`; `none` for an anonymous session. */
  readonly extractor: string;
  /** The transport of the connection. */
  readonly transport: WsAuthTransport;
  /** Whether the client is a guest, in a gateway that allows guests. */
  readonly anonymous: boolean;
  /** When the client authenticated, in epoch milliseconds. */
  readonly authenticatedAt: number;
  /** End of the session in epoch milliseconds; `undefined` if it does not expire. */
  readonly expiresAt: number | undefined;

  constructor(facts: SessionFacts) {
    this.id = facts.id ?? newId();
    this.user = facts.user as User;
    this.userId = facts.userId;
    this.info = facts.info;
    this.strategy = facts.strategy;
    this.extractor = facts.extractor;
    this.transport = facts.transport;
    this.anonymous = facts.user === null;
    this.authenticatedAt = facts.authenticatedAt;
    this.expiresAt = facts.expiresAt;
    Object.freeze(this);
  }

  /** The same session with other facts. @internal */
  with(changes: Partial<SessionFacts>): WsAuthSession {
    const { id, user, userId, info, strategy } = this;
    const { extractor, transport, authenticatedAt, expiresAt } = this;
    const facts = { id, user, userId, info, strategy, extractor, transport, authenticatedAt };
    return new WsAuthSession({ ...facts, expiresAt, ...changes });
  }
}

/** In one piece: `randomUUID()` joins some twenty, half a kilobyte. */
function newId(): string {
  return ownCopy(randomUUID());
}
