import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { graphqlWs } from '../../../lib/graphql-ws.js';
import {
  fromAuthorizationHeader,
  fromFirstMessage,
  WsAuth,
  WsAuthModule,
} from '../../../lib/index.js';
import type { Contender } from './contender.js';
import { jwtStrategy } from './jwt-strategy.js';
import { startNest } from './nest-application.js';
import { benchBounds } from './ours.js';
import { findSocketIoPlatform } from './socket-io-platform.js';

class Echo {
  @SubscribeMessage('echo')
  echo(@MessageBody() data: unknown) {
    return data;
  }
}

const serveNoClient = { serveClient: false, pingInterval: 300_000 };

@WsAuth({ credentials: [fromAuthorizationHeader(), fromFirstMessage()] })
@WebSocketGateway(serveNoClient)
class EveryWayGateway extends Echo {}

@WsAuth({ credentials: [fromAuthorizationHeader()], optional: true })
@WebSocketGateway({ ...serveNoClient, path: '/guest.io' })
class GuestGateway extends Echo {}

/** What its guests send waits for a hook of the connection. */
@WsAuth({ credentials: [fromAuthorizationHeader()], optional: true })
@WebSocketGateway({ ...serveNoClient, path: '/slow.io' })
class SlowGateway extends Echo {
  handleConnection(): Promise<void> {
    return setTimeout(2);
  }
}

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: 'Query', fields: { hello: { type: GraphQLString } } }),
});

/** Gateways of Socket.IO, and servers of graphql-ws, for clients that may authenticate and for guests. */
export const oursHostileElsewhere: Contender = async (settings) => {
  findSocketIoPlatform();
  const { socketIo } = await import('../../../lib/socket-io.js');
  const everyWay = graphqlWs({ path: '/graphql' });
  const guests = graphqlWs({
    path: '/visitors',
    credentials: [fromAuthorizationHeader()],
    optional: true,
  });
  const servers = new Map([everyWay, guests].map((each) => [each, serverOf(each.options())]));
  return startNest(
    {
      imports: [
        WsAuthModule.forRoot({
          ...benchBounds,
          strategy: 'jwt',
          platform: socketIo(),
          platforms: [everyWay, guests],
        }),
      ],
      providers: [jwtStrategy(settings), EveryWayGateway, GuestGateway, SlowGateway],
    },
    (app) => {
      const httpServer = app.getHttpServer() as Server;
      httpServer.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        const server = servers.get(request.url === '/visitors' ? guests : everyWay)!;
        if (!request.url?.includes('.io')) {
          server.handleUpgrade(request, socket, head, (client) =>
            server.emit('connection', client, request),
          );
        }
      });
    },
  );
};

function serverOf(options: object): WebSocketServer {
  const server = new WebSocketServer({ noServer: true });
  useServer({ schema, ...options }, server);
  return server;
}
