import { WebSocket } from 'ws';
import { contain } from '../contain.js';
import type { GatedWebSocket } from './gate.js';

/** Milliseconds for which pings may keep the event loop busy before it serves others: twenty thousand take half a second. */
const pieceMs = 4;

/**
 * Pings clients and terminates those that have shown no life since the ping before: a peer whose network is
 * gone stays silent for hours otherwise.
 *
 * A client that the application has paused is pinged, so that proxies keep the connection, and is not judged: its answers are
 * not read.
 *
 * @returns a function that stops it
 */
export function startHeartbeat(clients: Set<GatedWebSocket>, intervalMs: number): () => void {
  if (intervalMs === 0) {
    return () => undefined;
  }
  let piece: NodeJS.Immediate | undefined;
  // The iterator of a set also comes to clients that are added meanwhile, and not to those that have left.
  const goOn = (rest: Iterator<GatedWebSocket>) => {
    piece = beatSome(rest) ? undefined : setImmediate(goOn, rest);
  };
  const beat = () => {
    if (!piece) {
      goOn(clients.values());
    }
  };
  const timer = setInterval(beat, intervalMs);
  timer.unref();
  return () => {
    clearInterval(timer);
    clearImmediate(piece);
  };
}

/** Returns whether the last client has been pinged. */
function beatSome(rest: Iterator<GatedWebSocket>): boolean {
  const endsAt = performance.now() + pieceMs;
  do {
    const { value: client, done } = rest.next();
    if (done) {
      return true;
    }
    contain('the heartbeat of a client', () => beatOne(client));
  } while (performance.now() < endsAt);
  return false;
}

function beatOne(client: GatedWebSocket): void {
  if (!client.wsAuthAlive && !client.isPaused) {
    client.terminate();
  } else if (client.readyState === WebSocket.OPEN) {
    client.wsAuthAlive = false;
    client.ping();
  }
}
