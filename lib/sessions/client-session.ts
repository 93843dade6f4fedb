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
 * other way. A `WeakMap` would say the same, and cost the garbage collector more than all else that is kept of a session.
 */
class SessionHolder extends Given {
  #session: WsAuthSession;

  constructor(client: object, session: WsAuthSession) {
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
}

/** @internal */
export function setSession(client: object, session: WsAuthSession): void {
  SessionHolder.set(client, session);
}

/**
 * The session of a client, or `undefined` if it has none (`@WsPublic()` gateways, clients of other adapters).
 *
 * @publicApi
 */
export function sessionOf<User = unknown>(client: object): WsAuthSession<User> | undefined {
  return SessionHolder.get(client) as WsAuthSession<User> | undefined;
}

/**
 * The user of a client, for `handleConnection`, `handleDisconnect` and services; `null` in an anonymous session.
 *
 * @throws {WsAuthNoSessionError} if the client has no session.
 * @publicApi
 */
export function userOf<User = unknown>(client: object): User {
  const session = SessionHolder.get(client);
  if (!session) {
    throw new WsAuthNoSessionError();
  }
  return session.user as User;
}
