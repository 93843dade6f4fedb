import type { Server } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { WebSocketServer } from 'ws';
import { setupWSConnection } from 'y-websocket/bin/utils';

export function useYjsAlone(app: INestApplication): void {
  const rooms = new WebSocketServer({ noServer: true });
  const server: Server = app.getHttpServer();
  server.on('upgrade', (request, socket, head) => {
    const token = new URL(request.url ?? '', 'http://localhost').searchParams.get('token');
    try {
      app.get(JwtService).verify(token ?? '');
    } catch {
      socket.destroy();
      return;
    }
    rooms.handleUpgrade(request, socket, head, (client) => setupWSConnection(client, request));
  });
}
