import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from '@nestjs/websockets';
import type { Server, Socket } from 'socket.io';
import { sessionOf, userOf, WsSession, WsUser, type WsAuthSession } from '../../../lib/index.js';
import type { TestUser } from '../../support/strategies.js';

/** A gateway that answers with the name of the user, and records the users it met. */
export class IoEcho {
  readonly connected: Socket[] = [];
  readonly disconnected: Socket[] = [];
  /** Events that a handler got without a user: must stay empty. */
  readonly unauthenticated: unknown[] = [];
  readonly handled: unknown[] = [];

  @WebSocketServer() readonly server!: Server;

  handleConnection(client: Socket): void {
    userOf(client);
    this.connected.push(client);
  }

  handleDisconnect(client: Socket): void {
    this.disconnected.push(client);
  }

  @SubscribeMessage('whoami')
  whoami(
    @ConnectedSocket() client: Socket,
    @WsUser() user: TestUser,
    @WsSession() session: WsAuthSession,
  ) {
    return {
      user: user.id,
      same: user === userOf(client) && session === sessionOf(client) && session.user === user,
      property: (client as unknown as { user: TestUser }).user.id,
      data: (client.data as { user: TestUser }).user.id,
      extractor: session.extractor,
      transport: session.transport,
      id: session.id,
    };
  }

  @SubscribeMessage('echo')
  echo(@MessageBody() data: unknown, @WsUser() user: TestUser | undefined) {
    this.handled.push(data);
    if (!user) {
      this.unauthenticated.push(data);
    }
    return data;
  }
}

@WebSocketGateway()
export class RootGateway extends IoEcho {}

@WebSocketGateway({ namespace: 'chat' })
export class ChatGateway extends IoEcho {}

@WebSocketGateway({ namespace: 'news' })
export class NewsGateway extends IoEcho {}

@WebSocketGateway({ cors: { origin: 'http://app.test', credentials: true } })
export class CorsGateway extends IoEcho {}
