import type { IncomingMessage, Server } from 'node:http';
import { Logger } from '@nestjs/common';

/**
 * Warns, once, of a WebSocket handshake that arrives as a plain request: a proxy has dropped `Upgrade` or `Connection`. The application
 * answers it with 404 and logs nothing, and every client fails.
 *
 * @returns a function that stops it
 */
export function warnOfLostUpgrade(server: Server): () => void {
  let hasWarned = false;
  const look = ({ headers }: IncomingMessage) => {
    if (!hasWarned && headers['sec-websocket-key'] !== undefined) {
      hasWarned = true;
      new Logger('WsAuth').warn(
        'a WebSocket handshake has come as a plain request: a proxy in front has dropped "Upgrade" or "Connection"; pass both on, as ' +
          'the guide to proxies shows',
      );
    }
  };
  server.on('request', look);
  return () => void server.off('request', look);
}
