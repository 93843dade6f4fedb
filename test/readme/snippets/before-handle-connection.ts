import type { IncomingMessage } from 'node:http';
import { JwtService } from '@nestjs/jwt';
import { ConnectedSocket, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import type { WebSocket } from 'ws';

type Client = WebSocket & { user?: { sub: string } };

@WebSocketGateway({ path: '/chat' })
export class ChatGateway {
  constructor(private readonly jwt: JwtService) {}

  async handleConnection(client: Client, request: IncomingMessage) {
    const token = new URL(request.url ?? '', 'ws://host').searchParams.get('token') ?? '';
    try {
      client.user = await this.jwt.verifyAsync(token); // Nest does not wait: messages are handled meanwhile
    } catch {
      client.close(1008, 'unauthorized');
    }
  }

  @SubscribeMessage('hello')
  hello(@ConnectedSocket() client: Client) {
    return { event: 'hello', data: `Hello ${client.user?.sub}!` };
  }
}
