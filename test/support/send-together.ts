import type { WebSocket } from 'ws';

/** Lets frames leave in one segment, so that the server reads them in one chunk. */
export function sendTogether(socket: WebSocket, send: () => void): void {
  const { _socket: tcp } = socket as unknown as { _socket: { cork(): void; uncork(): void } };
  tcp.cork();
  send();
  tcp.uncork();
}
