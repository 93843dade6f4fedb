import { Injectable, UseGuards, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { WsAdapter } from '@nestjs/platform-ws';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WsException,
  type OnGatewayConnection,
} from '@nestjs/websockets';
import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import type { Contender } from './contender.js';
import { jwtStrategy } from './jwt-strategy.js';
import { startNest } from './nest-application.js';
import type { User } from './verify.js';

interface Shaken extends WebSocket {
  handshake?: IncomingMessage & { user?: User };
}

/** `AuthGuard` with the changes that it needs to work in a gateway at all. */
@Injectable()
class MessageGuard extends AuthGuard('jwt') {
  override getRequest(context: ExecutionContext): unknown {
    return context.switchToWs().getClient<Shaken>().handshake;
  }

  override handleRequest<Value = User>(error: unknown, user: Value | false): Value {
    if (error || !user) {
      throw new WsException('Unauthorized');
    }
    return user;
  }
}

/** The other popular pattern: verify the token of the handshake at every message. */
@WebSocketGateway()
@UseGuards(MessageGuard)
class GuardedGateway implements OnGatewayConnection {
  handleConnection(client: Shaken, request: IncomingMessage): void {
    client.handshake = request;
  }

  @SubscribeMessage('echo')
  echo(@MessageBody() data: unknown) {
    return { event: 'echo', data };
  }

  @SubscribeMessage('early')
  early(@MessageBody() n: unknown, @ConnectedSocket() client: Shaken) {
    return { event: 'early', data: { n, user: client.handshake?.user?.id ?? null } };
  }
}

export const authGuard: Contender = (settings) =>
  startNest({ providers: [jwtStrategy(settings), GuardedGateway] }, (app) =>
    app.useWebSocketAdapter(new WsAdapter(app)),
  );
