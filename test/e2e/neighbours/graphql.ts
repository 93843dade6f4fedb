import type { Server } from 'node:http';
// By its file, so that graphql-ws and this test get the same one of the two builds.
import { GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql/index.js';
import { createClient, type ExecutionResult } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocket, WebSocketServer } from 'ws';

/** A schema with one query, and one subscription that counts to three. */
export const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: { hello: { type: GraphQLString, resolve: () => 'hello' } },
  }),
  subscription: new GraphQLObjectType({
    name: 'Subscription',
    fields: {
      count: {
        type: GraphQLString,
        async *subscribe() {
          yield* ['one', 'two', 'three'].map((count) => ({ count }));
        },
      },
    },
  }),
});

/** A graphql-ws server as its documentation sets it up. */
export function serveGraphql(server: Server, path: string): void {
  const webSockets = new WebSocketServer({ server, path });
  const serving = useServer({ schema }, webSockets);
  server.once('close', () => void serving.dispose());
}

/** The same, as `@nestjs/graphql` sets it up: a listener of its own that goes by how the URL starts. */
export function serveGraphqlByPrefix(server: Server, path: string): void {
  const webSockets = new WebSocketServer({ noServer: true });
  const serving = useServer({ schema }, webSockets);
  server.on('upgrade', (request, socket, head) => {
    if (request.url?.startsWith(path)) {
      webSockets.handleUpgrade(request, socket, head, (client) => {
        webSockets.emit('connection', client, request);
      });
    }
  });
  server.once('close', () => void serving.dispose());
}

/** What a client of the subscription receives. */
export async function subscription(url: string): Promise<unknown[]> {
  const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 });
  const received: unknown[] = [];
  const results = client.iterate<ExecutionResult>({ query: 'subscription { count }' });
  for await (const { data } of results) {
    received.push(data);
  }
  await client.dispose();
  return received;
}
