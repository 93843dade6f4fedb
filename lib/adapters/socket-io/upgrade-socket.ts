import type { Duplex } from 'node:stream';
import { destroyAfter } from '../refuse.js';
import type { EngineConnection, EngineTransport } from './internals/engine.js';
import { endSocketOf, isOpen } from './internals/end-connection.js';

/** What a client has opened to change to a WebSocket. */
interface Upgrade {
  readonly socket: Duplex;
  /** The WebSocket on it. One of a `wsEngine` may outlive the socket, which is then no longer Node's. */
  webSocket: EngineTransport['socket'];
}

/** The upgrades of clients that open a WebSocket for a connection they have. */
const upgrades = new WeakMap<EngineConnection, Upgrade>();

/**
 * Takes the TCP socket of a client that opens a WebSocket for its connection. It has no slot of its own, so there is one at a time:
 * engine.io accepts any number of them, and forgets those that it does not use.
 *
 * @returns false while another one is open
 */
export function takeUpgrade(conn: EngineConnection, socket: Duplex): boolean {
  const earlier = upgrades.get(conn);
  if (earlier && !isOver(earlier)) {
    return false;
  }
  upgrades.set(conn, { socket, webSocket: undefined });
  return true;
}

/** Remembers the WebSocket that engine.io has made of the socket. */
export function upgradedTo(conn: EngineConnection, { socket: webSocket }: EngineTransport): void {
  const upgrade = upgrades.get(conn);
  if (upgrade) {
    upgrade.webSocket = webSocket;
  }
}

/**
 * Ends the sockets of a connection that has closed, also the one whose WebSocket has not carried it yet.
 *
 * @param graceMs time in milliseconds that the client has to close them by itself
 * @param onClosed called when they have closed
 */
export function endSocketsOf(conn: EngineConnection, graceMs: number, onClosed: () => void): void {
  const upgrade = upgrades.get(conn);
  const rest = upgrade && !isOver(upgrade) ? upgrade : undefined;
  if (rest?.socket.destroyed === false) {
    destroyAfter(rest.socket, graceMs);
  }
  endSocketOf(conn, graceMs, rest ? () => whenOver(rest, onClosed) : onClosed);
}

function isOver({ socket, webSocket }: Upgrade): boolean {
  return socket.destroyed && !isOpen(webSocket);
}

function whenOver({ socket, webSocket }: Upgrade, callback: () => void): void {
  if (!socket.destroyed) {
    socket.once('close', callback);
  } else if (isOpen(webSocket)) {
    webSocket.once('close', callback);
  } else {
    callback();
  }
}
