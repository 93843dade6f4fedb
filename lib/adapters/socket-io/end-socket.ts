import { endings } from '../endings.js';
import type { Refusal } from '../../protocol/refusal.js';
import { contain, logFault } from '../contain.js';
import { refusalOf } from '../exception-refusal.js';
import type { IoSocket } from './platform-types.js';
import { gateOf } from './socket-gate.js';

/**
 * Logs an exception of application code, and ends its client with the code of the exception, or with 1011.
 *
 * @param what names the code in the log line
 */
export function failSocket(socket: IoSocket, what: string, error: unknown): void {
  logFault(what, error);
  endSocket(socket, refusalOf(error));
}

/**
 * Ends a client with a refusal, or with 1011: the session, if it has no other client, or else the client alone. From the return on
 * nothing of the client is dispatched.
 */
export function endSocket(socket: IoSocket, refusal?: Refusal): void {
  contain('closing a client', () => {
    const gate = gateOf(socket);
    if (gate) {
      gate.end({
        code: refusal?.closeCode ?? endings.failed.code,
        reason: refusal?.reason ?? endings.failed.reason,
      });
    } else if (socket.connected) {
      socket.disconnect(true);
    } else {
      // Middleware has let it in and failed afterwards. Socket.IO opens no client of a connection that has closed.
      socket.conn.close(true);
    }
  });
}
