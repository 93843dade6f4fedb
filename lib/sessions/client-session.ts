import { WsAuthNoSessionError } from '../errors/ws-auth.error.js';
import type { WsAuthSession } from './session.js';

/** Sessions by client. Nothing that holds a client can replace its session. */
const sessions = new WeakMap<object, WsAuthSession>();

/** @internal */
export function setSession(client: object, session: WsAuthSession): void {
  sessions.set(client, session);
}

/**
 * The session of a client, or `undefined` if it has none (`@WsPublic()` gateways, clients of other adapters).
 *
 * @publicApi
 */
export function sessionOf<User = unknown>(client: object): WsAuthSession<User> | undefined {
  return sessions.get(client) as WsAuthSession<User> | undefined;
}

/**
 * The user of a client, for `handleConnection`, `handleDisconnect` and services; `null` in an anonymous session.
 *
 * @throws {WsAuthNoSessionError} if the client has no session.
 * @publicApi
 */
export function userOf<User = unknown>(client: object): User {
  const session = sessions.get(client);
  if (!session) {
    throw new WsAuthNoSessionError();
  }
  return session.user as User;
}
