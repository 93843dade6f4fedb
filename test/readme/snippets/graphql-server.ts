import type { Server } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import type { GraphQLSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import type { GraphqlWsSubscriptions } from 'nestjs-ws-auth/graphql-ws';
import { WebSocketServer } from 'ws';

/** For `main.ts`, before `app.listen()`. The module lists the same subscriptions in `platforms`. */
export function useSchema(
  app: INestApplication,
  schema: GraphQLSchema,
  subscriptions: GraphqlWsSubscriptions,
): void {
  const server: Server = app.getHttpServer();
  const sockets = new WebSocketServer({ server, path: subscriptions.path });
  useServer({ schema, ...subscriptions.options() }, sockets);
}
