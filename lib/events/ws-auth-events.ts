import { Injectable } from '@nestjs/common';
import { ContainedLogger } from './contained-logger.js';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { checkFunction } from '../policy/check-option.js';
import { nearestName } from '../policy/nearest-name.js';
import type { WsAuthDiagnosis } from '../protocol/diagnosis.js';
import { logText } from '../protocol/log-text.js';
import type { RefusalCode } from '../protocol/refusal.js';

/** What events about one attempt contain: where it comes from, and where it goes. */
export interface WsAuthAttemptEvent {
  /** Path of the request, without the query. */
  readonly path: string;
  /** Namespace that the client asks for, with Socket.IO. Absent where it has not named one yet, and for other transports. */
  readonly namespace?: string;
  /**
   * Address of the client under which it is counted, as far as trusted proxies vouch for it: IPv4, or the /64 of IPv6. For
   * an address that cannot be read, `unknown:` and a random text, different for each connection.
   */
  readonly address: string;
}

/** What events about one session contain: its keys. */
export interface WsAuthSessionEvent {
  /** `id` of the session. */
  readonly sessionId: string;
  /** `userId` of the session; `undefined` for an anonymous one. */
  readonly userId: string | undefined;
}

/** Payloads of the events: ids and codes, never a credential. */
export interface WsAuthEventMap {
  /** A handshake is valid and its authentication begins. */
  readonly authenticating: WsAuthAttemptEvent;
  /** A session has begun. */
  readonly authenticated: WsAuthAttemptEvent &
    WsAuthSessionEvent & {
      /** Name of the strategy that succeeded; `undefined` for an anonymous session. */
      readonly strategy: string | undefined;
      /** Name of the extractor that found the credential. */
      readonly extractor: string;
      /** Milliseconds from the upgrade to the session. */
      readonly durationMs: number;
    };
  /** An attempt was refused. */
  readonly refused: WsAuthAttemptEvent & {
    /** The kind of refusal, as in PROTOCOL.md. */
    readonly code: RefusalCode;
    /** Whether the handshake was refused (see `rejection` for how), or what the client sent after it. */
    readonly phase: 'handshake' | 'message';
    /** What refused it, and what the strategies answered: names, never values. */
    readonly diagnosis: WsAuthDiagnosis;
  };
  /** A session goes on with a newer credential. */
  readonly reauthenticated: WsAuthSessionEvent & {
    /** New end in epoch milliseconds; `undefined` does not expire. */
    readonly expiresAt: number | undefined;
  };
  /** A session ends soon; a client that can renew it was sent `expiring`. */
  readonly expiring: WsAuthSessionEvent & {
    /** The end in epoch milliseconds. */
    readonly expiresAt: number;
  };
  /** A session has ended with its credential. */
  readonly expired: WsAuthSessionEvent;
  /** A session was ended by a revocation. */
  readonly revoked: WsAuthSessionEvent;
  /** The socket of a session has closed, from either side. */
  readonly disconnected: WsAuthSessionEvent & {
    /** Close code; 1006 for a socket without a close frame. */
    readonly code: number;
  };
}

/** A function that receives one kind of event of `WsAuthEvents`. A promise that it returns is not awaited. */
export type WsAuthEventListener<Name extends keyof WsAuthEventMap> = (
  payload: WsAuthEventMap[Name],
) => void;

/** Names of all events. */
const eventNames: readonly string[] = Object.keys({
  authenticating: true,
  authenticated: true,
  refused: true,
  reauthenticated: true,
  expiring: true,
  expired: true,
  revoked: true,
  disconnected: true,
} satisfies Record<keyof WsAuthEventMap, true>);

const nobody: readonly WsAuthEventListener<never>[] = Object.freeze([]);

/**
 * Publishes what happens to connections: for audit logs, metrics and presence.
 *
 * Listeners run synchronously, in the order in which they were added. One that throws is logged and affects no other.
 *
 * @example
 * ```ts
 * events.on('refused', ({ code, path, address }) => logger.warn(`${code} ${path} ${address}`));
 * const stop = events.on('authenticated', ({ userId }) => logger.log(`${userId} is here`));
 * ```
 * @publicApi
 */
@Injectable()
export class WsAuthEvents {
  readonly #logger = new ContainedLogger('WsAuthEvents');
  /** Lists are replaced, never changed: a listener that one of them adds waits for the next event. */
  readonly #listeners = new Map<keyof WsAuthEventMap, readonly WsAuthEventListener<never>[]>();

  /**
   * Adds a listener and returns the function that removes it.
   *
   * @throws {WsAuthConfigurationError} for an event that does not exist, whose listener would never run, and for a listener that is not
   *   a function.
   */
  on<Name extends keyof WsAuthEventMap>(
    name: Name,
    listener: WsAuthEventListener<Name>,
  ): () => void {
    demandEvent(name);
    checkFunction(`the listener of "${name}"`, listener);
    const listeners = this.#listenersOf(name);
    if (!listeners.includes(listener)) {
      this.#listeners.set(name, [...listeners, listener]);
    }
    return () => {
      const left = this.#listenersOf(name).filter((other) => other !== listener);
      this.#listeners.set(name, left);
    };
  }

  /** Whether there is a listener, so that a payload is only made for one. */
  has(name: keyof WsAuthEventMap): boolean {
    return this.#listenersOf(name).length > 0;
  }

  /** @internal */
  emit<Name extends keyof WsAuthEventMap>(name: Name, payload: WsAuthEventMap[Name]): void {
    for (const listener of this.#listenersOf(name)) {
      try {
        const returned: unknown = (listener as (payload: unknown) => unknown)(payload);
        if (returned !== undefined) {
          Promise.resolve(returned).catch((error: unknown) => this.#blame(name, error));
        }
      } catch (error) {
        this.#blame(name, error);
      }
    }
  }

  #listenersOf(name: keyof WsAuthEventMap): readonly WsAuthEventListener<never>[] {
    return this.#listeners.get(name) ?? nobody;
  }

  #blame(name: string, error: unknown): void {
    this.#logger.error(`a listener of "${name}" threw`, error);
  }
}

function demandEvent(event: unknown): void {
  const name = String(event);
  if (!eventNames.includes(name)) {
    const meant = nearestName(name, eventNames);
    throw new WsAuthConfigurationError(
      `WsAuthEvents: there is no event "${logText(name)}"; ` +
        (meant ? `did you mean ${meant}?` : `known are ${eventNames.join(', ')}`),
    );
  }
}
