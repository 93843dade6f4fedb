import type { Server } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import type { GraphQLSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';

/** For `main.ts`, before `app.listen()`. */
export function useGraphql(app: INestApplication, schema: GraphQLSchema): void {
  const server: Server = app.getHttpServer();
  useServer({ schema }, new WebSocketServer({ server, path: '/graphql' }));
}
