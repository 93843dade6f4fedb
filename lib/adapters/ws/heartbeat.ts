import { WebSocket } from 'ws';
import { contain } from '../contain.js';
import type { GatedWebSocket } from './gated-web-socket.js';

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
  const timer = setInterval(beat, intervalMs, clients);
  timer.unref();
  return () => clearInterval(timer);
}

function beat(clients: Set<GatedWebSocket>): void {
  for (const client of clients) {
    contain('the heartbeat of a client', () => beatOne(client));
  }
}

function beatOne(client: GatedWebSocket): void {
  if (!client.wsAuthAlive && !client.isPaused) {
    client.terminate();
  } else if (client.readyState === WebSocket.OPEN) {
    client.wsAuthAlive = false;
    client.ping();
  }
}
