import type { Policy } from '../../policy/policy.js';
import { sessionOf, setSession } from '../../sessions/client-session.js';
import type { WsAuthSession } from '../../sessions/session.js';
import type { IoSocket } from './platform-types.js';

/** Has `userOf()` and `client.user` find the session, also in middleware of the application that runs before it begins. */
export function showSession(socket: IoSocket, session: WsAuthSession, { property }: Policy): void {
  setSession(socket, session);
  (socket as unknown as Record<string, unknown>)[property] = session.user;
  showUser(socket, property);
}

/**
 * Has `client.data` show the user as well, as many applications keep it there. It is not among what `fetchSockets()` sends to other
 * nodes, unless the application assigns it.
 */
function showUser(socket: IoSocket, property: string): void {
  Object.defineProperty(socket.data, property, {
    configurable: true,
    enumerable: false,
    get: () => sessionOf(socket)?.user,
    set(value: unknown) {
      Object.defineProperty(this, property, {
        value,
        configurable: true,
        enumerable: true,
        writable: true,
      });
    },
  });
}
