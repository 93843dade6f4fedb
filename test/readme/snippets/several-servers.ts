import type { Server } from 'node:http';
import type { INestApplication } from '@nestjs/common';

/** For `main.ts`, before `other.listen()`. */
export function serveGateways(app: INestApplication, other: Server): void {
  const server: Server = app.getHttpServer();
  other.on('upgrade', (...upgrade) => server.emit('upgrade', ...upgrade));
}
