import type { Server } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { WebSocketServer } from 'ws';
import { setupWSConnection } from 'y-websocket/bin/utils';

/** For `main.ts`, before `app.listen()`. */
export function useYjs(app: INestApplication): void {
  const rooms = new WebSocketServer({ noServer: true });
  const server: Server = app.getHttpServer();
  server.on('upgrade', (request, socket, head) => {
    if (request.url?.startsWith('/yjs/')) {
      rooms.handleUpgrade(request, socket, head, (client) => setupWSConnection(client, request));
    }
  });
}
