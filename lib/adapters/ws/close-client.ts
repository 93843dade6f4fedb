import { WebSocket } from 'ws';
import type { Policy } from '../../policy/policy.js';
import type { Refusal } from '../../protocol/refusal.js';
import { closeGraceMs } from '../close-grace.js';
import { endings } from '../endings.js';
import type { Ending } from '../../sessions/live-session.js';
import { closedGate, type GatedWebSocket } from './gate.js';
import { dropHold } from './hold.js';

/** How a client is closed. */
export interface Closing {
  readonly code: number;
  /** Constant text, at most 123 bytes. */
  readonly reason: string;
  readonly graceMs: number;
}

/**
 * Closes a client: the one place that sends a close frame. From here on no message of the peer is dispatched and nothing
 * else is sent to it; a peer that does not answer is terminated when its grace is over.
 */
export function closeClient(client: GatedWebSocket, { code, reason, graceMs }: Closing): void {
  client.wsAuthGate = closedGate;
  dropHold(client);
  if (client.readyState === WebSocket.CLOSED) {
    return;
  }
  client.resume();
  terminateAfter(client, graceMs);
  client.close(code, reason);
}

/** Terminates a peer that does not answer a close frame in time. */
export function terminateAfter(client: WebSocket, graceMs: number): void {
  const deadline = setTimeout(() => client.terminate(), graceMs);
  deadline.unref();
  client.once('close', () => clearTimeout(deadline));
}

/** How the client of a session is closed when the session ends. */
export function closingOf({ why, code, reason }: Ending, policy: Policy): Closing {
  const byDefault = endings[why];
  return {
    code: code ?? policy.closeCodes.get(byDefault.code) ?? byDefault.code,
    reason: reason ?? byDefault.reason,
    graceMs: why === 'shutdown' ? policy.shutdownTimeoutMs : closeGraceMs.session,
  };
}

/** Closes a client that was refused after the 101. */
export function refuseClient(client: GatedWebSocket, refusal: Refusal, policy: Policy): void {
  closeClient(client, {
    code: policy.closeCodes.get(refusal.closeCode) ?? refusal.closeCode,
    reason: refusal.reason,
    graceMs: closeGraceMs.pending,
  });
}
