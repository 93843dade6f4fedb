import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { fromCookie, fromFirstMessage, WsAuth, WsUser } from 'nestjs-ws-auth';

const pages = ['https://app.example.com'];

@WsAuth({
  credentials: [
    fromFirstMessage(),
    fromCookie('token', { bridge: { path: '/chat/bridge', parentOrigins: pages } }),
  ],
  allowedOrigins: pages,
})
@WebSocketGateway({ path: '/chat' })
export class ChatGateway {
  @SubscribeMessage('hello')
  hello(@WsUser('id') id: string) {
    return { event: 'hello', data: `Hello ${id}!` };
  }
}
