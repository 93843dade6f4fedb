import type { WebSocket } from 'ws';
import type { Refusal } from '../../protocol/refusal.js';
import { endings } from '../endings.js';
import { contain, logFault } from '../contain.js';
import { refusalOf } from '../exception-refusal.js';
import type { GatedWebSocket } from './gate.js';

/**
 * Logs an exception of application code and closes its client with the code of the exception, or with 1011: what that code should
 * have done for the client is not done, and the other clients are not concerned.
 *
 * @param what names the code in the log line
 */
export function failClient(client: WebSocket, what: string, error: unknown): void {
  logFault(what, error);
  endClient(client, refusalOf(error));
}

/** Closes a client with a refusal, or with 1011. */
export function endClient(client: WebSocket, refusal?: Refusal): void {
  contain('closing a client', () => {
    const { wsAuthGate: gate } = client as Partial<GatedWebSocket>;
    if (gate?.fail) {
      gate.fail(client as GatedWebSocket, refusal);
    } else if (gate) {
      client.terminate();
    } else {
      const { code, reason } = endings.failed;
      client.close(refusal?.closeCode ?? code, refusal?.reason ?? reason);
    }
  });
}
