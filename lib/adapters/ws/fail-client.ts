import type { WebSocket } from 'ws';
import { WsAuthCloseCode } from '../../protocol/close-code.js';
import { endings } from '../../sessions/endings.js';
import { contain, logFault } from '../contain.js';
import type { GatedWebSocket } from './gated-web-socket.js';

/**
 * Logs an exception of application code and closes its client with 1011: what that code should have done for the client is
 * not done, and the other clients are not concerned.
 *
 * @param what names the code in the log line
 */
export function failClient(client: WebSocket, what: string, error: unknown): void {
  logFault(what, error);
  contain('closing a client', () => {
    const { wsAuthGate: gate } = client as Partial<GatedWebSocket>;
    if (gate?.fail) {
      gate.fail();
    } else if (gate) {
      client.terminate();
    } else {
      client.close(WsAuthCloseCode.InternalError, endings.failed.reason);
    }
  });
}
