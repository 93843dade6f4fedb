import { userKey, type WsAuthUserKey } from '../policy/user-key.js';
import type { LiveSessions } from './live-sessions.js';
import type { WsAuthSession } from './session.js';

/** Looks up the live sessions of this process, and changes none. */
export class SessionLookup implements Iterable<WsAuthSession> {
  readonly #live: LiveSessions;

  /** @internal */
  constructor(live: LiveSessions) {
    this.#live = live;
  }

  /**
   * Sessions of a user, oldest first.
   *
   * @param userId key of the user, as the strategy returned it; a value that cannot be one has no sessions
   * @example
   * ```ts
   * const isOnline = sessions.ofUser('alice').length > 0;
   * ```
   */
  ofUser(userId: WsAuthUserKey): WsAuthSession[] {
    const key = userKey(userId);
    return key === undefined ? [] : this.#live.ofUser(key).map(({ session }) => session);
  }

  /**
   * Connected clients of a user in this process, of every gateway: sockets of `ws` or of Socket.IO. Whatever is sent to them after
   * the end of their session is dropped.
   *
   * Clients of GraphQL and of `protectUpgrades()` are left out: their servers send to them.
   *
   * @example
   * ```ts
   * import { WsAuthSessions } from 'nestjs-ws-auth';
   * import type { WebSocket } from 'ws';
   *
   * export function notify(sessions: WsAuthSessions, userId: string, text: string): void {
   *   for (const client of sessions.clientsOf<WebSocket>(userId)) {
   *     client.send(JSON.stringify({ event: 'notice', data: text }));
   *   }
   * }
   * ```
   *
   * @param userId key of the user, as the strategy returned it; a value that cannot be one has no clients
   */
  clientsOf<Client extends object = object>(userId: WsAuthUserKey): Client[] {
    const key = userKey(userId);
    const live = key === undefined ? [] : this.#live.ofUser(key);
    return live.flatMap(({ connection }) => [...(connection?.recipients ?? [])] as Client[]);
  }

  /**
   * A session of this process by its id.
   *
   * @example
   * ```ts
   * const expiresAt = sessions.get(sessionId)?.expiresAt;
   * ```
   */
  get(sessionId: string): WsAuthSession | undefined {
    return this.#live.with(sessionId)?.session;
  }

  /**
   * Number of sessions of this process.
   *
   * @example
   * ```ts
   * logger.log(`${sessions.count()} sessions`);
   * ```
   */
  count(): number {
    return this.#live.size;
  }

  /** All sessions of this process. */
  *[Symbol.iterator](): IterableIterator<WsAuthSession> {
    for (const { session } of this.#live.all()) {
      yield session;
    }
  }
}
