import { WebSocket, type WebSocketServer } from 'ws';
import type { GatedWebSocket } from './gated-web-socket.js';

/**
 * Pings the clients of a server and cuts off those that have shown no life since the ping before: a peer whose network is
 * gone says nothing for hours otherwise.
 *
 * @returns a function that stops it
 */
export function startHeartbeat(server: WebSocketServer, intervalMs: number): () => void {
  if (intervalMs === 0) {
    return () => undefined;
  }
  const timer = setInterval(beat, intervalMs, server);
  timer.unref();
  return () => clearInterval(timer);
}

function beat(server: WebSocketServer): void {
  for (const client of server.clients as Set<GatedWebSocket>) {
    if (!client.alive) {
      client.terminate();
    } else if (client.readyState === WebSocket.OPEN) {
      client.alive = false;
      client.ping();
    }
  }
}
