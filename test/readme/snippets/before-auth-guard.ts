import { Injectable, UseGuards, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { ConnectedSocket, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';

type Client = WebSocket & { request?: IncomingMessage & { user?: { id: string } } };

@Injectable()
export class WsJwtGuard extends AuthGuard('jwt') {
  override getRequest(context: ExecutionContext) {
    return context.switchToWs().getClient<Client>().request;
  }
}

@WebSocketGateway({ path: '/chat' })
export class ChatGateway {
  handleConnection(client: Client, request: IncomingMessage) {
    client.request = request; // every client is connected, and gets every broadcast
  }

  @UseGuards(WsJwtGuard) // verified again with each message; when the token ends, nothing happens
  @SubscribeMessage('hello')
  hello(@ConnectedSocket() { request }: Client) {
    return { event: 'hello', data: `Hello ${request?.user?.id}!` };
  }
}
