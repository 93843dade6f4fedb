import type { Duplex } from 'node:stream';
import { destroyAfter } from '../refuse.js';
import type { EngineConnection } from './internals/engine.js';
import { endSocketOf } from './internals/end-connection.js';

/** The TCP sockets of clients that open a WebSocket for a connection they have. */
const sockets = new WeakMap<EngineConnection, Duplex>();

/**
 * Takes the TCP socket of a client that opens a WebSocket for its connection. It has no slot of its own, so there is one at a time:
 * engine.io accepts any number of them, and forgets those that it does not use.
 *
 * @returns false while another one is open
 */
export function takeUpgrade(conn: EngineConnection, socket: Duplex): boolean {
  const earlier = sockets.get(conn);
  if (earlier && !earlier.destroyed) {
    return false;
  }
  sockets.set(conn, socket);
  return true;
}

/**
 * Ends the sockets of a connection that has closed, also the one whose WebSocket has not carried it yet.
 *
 * @param graceMs time in milliseconds that the client has to close them by itself
 * @param onClosed called when they have closed
 */
export function endSocketsOf(conn: EngineConnection, graceMs: number, onClosed: () => void): void {
  const socket = sockets.get(conn);
  const isOpen = socket?.destroyed === false;
  if (isOpen) {
    destroyAfter(socket, graceMs);
  }
  endSocketOf(conn, graceMs, isOpen ? () => whenClosed(socket, onClosed) : onClosed);
}

function whenClosed(socket: Duplex, onClosed: () => void): void {
  if (socket.destroyed) {
    onClosed();
  } else {
    socket.once('close', onClosed);
  }
}
