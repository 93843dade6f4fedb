import type { Server } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { sessionOf, userOf } from 'nestjs-ws-auth';
import { WebSocketServer } from 'ws';

/** For `main.ts`, before `app.listen()`. */
export function useEcho(app: INestApplication): void {
  const echo = new WebSocketServer({ noServer: true });
  echo.on('connection', (client, request) => {
    const { id } = userOf<{ id: string }>(request);
    client.on('message', (data: Buffer) => client.send(`${id}: ${data.toString()}`));
    client.send(`until ${sessionOf(request)?.expiresAt}`);
  });
  const server: Server = app.getHttpServer();
  server.on('upgrade', (request, socket, head) => {
    if (request.url?.startsWith('/echo')) {
      echo.handleUpgrade(request, socket, head, (client) =>
        echo.emit('connection', client, request),
      );
    }
  });
}
