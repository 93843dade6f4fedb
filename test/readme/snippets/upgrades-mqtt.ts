import type { Server } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { Aedes } from 'aedes';
import { userOf } from 'nestjs-ws-auth';
import { createWebSocketStream, WebSocketServer } from 'ws';

/** For `main.ts`, before `app.listen()`. Each user publishes below a topic of its own. */
export async function useMqtt(app: INestApplication): Promise<void> {
  const broker = await Aedes.createBroker({
    authorizePublish(client, { topic }, done) {
      const { id } = userOf<{ id: string }>(client!.req!);
      done(topic.startsWith(`${id}/`) ? null : new Error('not permitted'));
    },
  });
  const clients = new WebSocketServer({ noServer: true });
  const server: Server = app.getHttpServer();
  server.on('upgrade', (request, socket, head) => {
    if (request.url?.startsWith('/mqtt')) {
      clients.handleUpgrade(request, socket, head, (client) => {
        broker.handle(createWebSocketStream(client), request);
      });
    }
  });
  server.once('close', () => broker.close());
}
