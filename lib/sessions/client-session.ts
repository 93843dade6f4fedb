import { anotherCopy } from '../errors/another-copy.js';
import { WsAuthNoSessionError } from '../errors/ws-auth.error.js';
import type { WsAuthSession } from './session.js';

/** Returns what it is given, so that a derived class adds its private fields to an object that is there already. */
class Given {
  constructor(client: object) {
    return client;
  }
}

/**
 * The session of a client, in a private field of the client: nothing that holds a client can replace it, or find it by any
 * other way. A `WeakMap` would do the same, and cost the garbage collector more than all else that is kept of a session.
 */
class SessionHolder extends Given {
  #session: WsAuthSession | undefined;

  constructor(client: object, session: WsAuthSession | undefined) {
    super(client);
    this.#session = session;
  }

  static set(client: object, session: WsAuthSession): void {
    if (#session in client) {
      client.#session = session;
    } else {
      // oxlint-disable-next-line no-new -- the field is the effect
      new SessionHolder(client, session);
    }
  }

  static get(client: object): WsAuthSession | undefined {
    return #session in client ? client.#session : undefined;
  }

  static has(client: object): boolean {
    return #session in client;
  }
}

/** @internal */
export function setSession(client: object, session: WsAuthSession): void {
  SessionHolder.set(client, session);
}

/** Marks a client of a public gateway, which has no session and never will. @internal */
export function setPublic(client: object): void {
  // oxlint-disable-next-line no-new -- the field is the effect
  new SessionHolder(client, undefined);
}

/** Whether this package has accepted a client. @internal */
export function isSeen(client: unknown): client is object {
  return typeof client === 'object' && client !== null && SessionHolder.has(client);
}

/**
 * The session of the client of a handler; `undefined` in a public gateway.
 *
 * @param asking what asks, for the message
 * @throws {WsAuthNoSessionError} for a client that no `WsAuthAdapter` has accepted: then nothing protects the gateway, and
 *   "no session" would look like a guest.
 * @internal
 */
export function demandSeen(client: unknown, asking: string): WsAuthSession | undefined {
  if (!isSeen(client)) {
    throw new WsAuthNoSessionError(
      `${asking}: this client did not come through WsAuthAdapter, so nothing has authenticated it; import ` +
        `WsAuthModule.forRoot() in the root module, and use it in handlers of gateways only, or ${anotherCopy}`,
    );
  }
  return SessionHolder.get(client);
}

/**
 * The session of a client, or `undefined` if it has none (`@WsPublic()` gateways, clients of other adapters).
 *
 * @example
 * ```ts
 * const session = sessionOf(client);
 * const who = session?.anonymous ? 'a guest' : session?.userId;
 * ```
 * @publicApi
 */
export function sessionOf<User = unknown>(client: object): WsAuthSession<User> | undefined {
  return SessionHolder.get(client) as WsAuthSession<User> | undefined;
}

/**
 * The user of a client, for `handleConnection`, `handleDisconnect` and services; `null` in an anonymous session.
 *
 * @throws {WsAuthNoSessionError} if the client has no session.
 * @example
 * ```ts
 * @WebSocketGateway({ path: '/chat' })
 * export class ChatGateway {
 *   handleConnection(client: object) {
 *     const { id } = userOf<User>(client);
 *   }
 * }
 * ```
 * @publicApi
 */
export function userOf<User = unknown>(client: object): User {
  const session = SessionHolder.get(client);
  if (!session) {
    throw new WsAuthNoSessionError(
      'userOf(): the client has no session; ask sessionOf(client) in a @WsPublic() gateway, and pass the client, not its request',
    );
  }
  return session.user as User;
}
