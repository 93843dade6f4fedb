import type { WebSocket, WebSocketServer } from 'ws';
import { ContainedLogger } from '../../events/contained-logger.js';
import { sessionOf } from '../../sessions/client-session.js';
import { contain } from '../contain.js';

const stranger =
  'a client without a session is terminated: application code has emitted "connection" of the server of a gateway, or called its ' +
  "handleUpgrade(); forward the event 'upgrade' of another HTTP server to app.getHttpServer() instead";

/**
 * Has the server of a protected gateway announce clients with a session alone. Application code that holds the server may emit
 * `connection` itself, as for a second HTTP server, and the gateway would handle what nothing has authenticated.
 */
export function announceSessionsOnly(server: WebSocketServer): void {
  const emit: (event: string | symbol, ...args: unknown[]) => boolean = server.emit.bind(server);
  let isReported = false;
  server.emit = ((event: string | symbol, ...args: unknown[]) => {
    if (event !== 'connection' || hasSession(args[0])) {
      return emit(event, ...args);
    }
    if (!isReported) {
      isReported = true;
      new ContainedLogger('WsAuth').error(stranger);
    }
    contain('terminating a client', () => (args[0] as WebSocket).terminate());
    return true;
  }) as WebSocketServer['emit'];
}

function hasSession(client: unknown): boolean {
  return typeof client === 'object' && client !== null && sessionOf(client) !== undefined;
}
