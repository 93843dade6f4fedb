import { WebSocket } from 'ws';

/** Where `ws` keeps how long it waits for a close frame once it has sent one. */
export interface ClosingSocket {
  _closeTimeout?: unknown;
}

/**
 * Shortens the time in milliseconds for which `ws` waits for a close frame: its timer costs no second one.
 *
 * @returns false where that timer runs already, or where `ws` keeps its length elsewhere: the caller needs its own
 */
export function limitCloseTimeout(client: WebSocket, graceMs: number): boolean {
  const socket = client as ClosingSocket;
  const { _closeTimeout: own } = socket;
  if (client.readyState !== WebSocket.OPEN || typeof own !== 'number') {
    return false;
  }
  socket._closeTimeout = Math.min(own, graceMs);
  return true;
}
