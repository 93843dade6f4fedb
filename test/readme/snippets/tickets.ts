import { Controller, Header, Module, Post, Req, UseGuards } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import {
  fromAuthorizationHeader,
  fromQueryParam,
  WsAuth,
  WsAuthModule,
  WsTickets,
  WsUser,
  type IssuedTicket,
} from 'nestjs-ws-auth';

/** What the HTTP strategy makes of a token. With its `iat`, a ticket is as old as the token it was bought with. */
type User = { id: string; iat: number };

@UseGuards(AuthGuard('jwt'))
@Controller('ws-tickets')
export class TicketsController {
  constructor(private readonly tickets: WsTickets) {}

  @Post() // not GET: no link, image or prefetch obtains one
  @Header('Cache-Control', 'no-store')
  create(@Req() { user }: { user: User }): Promise<IssuedTicket> {
    return this.tickets.issue(user, { path: '/chat' });
  }
}

@WsAuth({
  credentials: [fromQueryParam('ticket', { strategy: 'ws-ticket' }), fromAuthorizationHeader()],
})
@WebSocketGateway({ path: '/chat' })
export class ChatGateway {
  @SubscribeMessage('hello')
  hello(@WsUser('id') id: string) {
    return { event: 'hello', data: `Hello ${id}!` };
  }
}

@Module({
  imports: [WsAuthModule.forRoot({ strategy: 'jwt', tickets: {} })],
  controllers: [TicketsController],
  providers: [ChatGateway],
})
export class ChatModule {}
