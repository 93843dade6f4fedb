import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from '@nestjs/websockets';
import type { IncomingMessage } from 'node:http';
import type { WebSocket, WebSocketServer as WsServer } from 'ws';
import { sessionOf, userOf, WsUser } from '../../lib/index.js';
import type { TestUser } from './strategies.js';

/** What a gateway saw of one connection. */
export interface Seen {
  readonly user: TestUser | null;
  readonly request: IncomingMessage;
  readonly client: WebSocket;
}

/** A gateway that answers with the name of the user, and records the users it met. */
@WebSocketGateway()
export class EchoGateway {
  readonly connected: Seen[] = [];
  readonly disconnected: WebSocket[] = [];
  /** Messages that a handler got without a user: must stay empty. */
  readonly unauthenticated: unknown[] = [];

  @WebSocketServer() readonly server!: WsServer;

  handleConnection(client: WebSocket, request: IncomingMessage): void {
    this.connected.push({ user: userOf(client), request, client });
  }

  handleDisconnect(client: WebSocket): void {
    this.disconnected.push(client);
  }

  @SubscribeMessage('whoami')
  whoami(@ConnectedSocket() client: WebSocket) {
    const session = sessionOf<TestUser>(client);
    return { event: 'whoami', data: { user: session?.user?.id, via: session?.extractor } };
  }

  @SubscribeMessage('echo')
  echo(@MessageBody() data: unknown, @WsUser() user: TestUser | undefined) {
    if (!user) {
      this.unauthenticated.push(data);
    }
    return { event: 'echo', data };
  }
}
