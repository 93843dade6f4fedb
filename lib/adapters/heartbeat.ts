import { WebSocket } from 'ws';
import type { GatedWebSocket } from './gated-web-socket.js';

/**
 * Pings clients and cuts off those that have shown no life since the ping before: a peer whose network is
 * gone says nothing for hours otherwise.
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
    if (!client.wsAuthAlive) {
      client.terminate();
    } else if (client.readyState === WebSocket.OPEN) {
      client.wsAuthAlive = false;
      client.ping();
    }
  }
}
