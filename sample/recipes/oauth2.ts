import { Controller, Get, Injectable, Module, Req, UseGuards } from '@nestjs/common';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { WsAuth, WsAuthModule, WsTickets } from 'nestjs-ws-auth';
import { WebSocketGateway } from '@nestjs/websockets';
import { Strategy } from 'passport-oauth2';
import { HelloGateway } from './hello.gateway.js';

@Injectable()
class OAuth2Strategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      authorizationURL: `${process.env['OAUTH2_URL']}/authorize`,
      tokenURL: `${process.env['OAUTH2_URL']}/token`,
      clientID: 'hello',
      clientSecret: process.env['OAUTH2_SECRET']!,
      callbackURL: '/callback',
    });
  }

  validate(accessToken: string) {
    return { id: `owner of ${accessToken.slice(0, 8)}` };
  }
}

@UseGuards(AuthGuard('oauth2'))
@Controller()
class LoginController {
  constructor(private readonly tickets: WsTickets) {}

  @Get('login')
  login() {}

  @Get('callback')
  async callback(@Req() { user }: { user: { id: string } }) {
    return { ticket: (await this.tickets.issue(user)).ticket };
  }
}

/** Refuses every client: the strategy redirects, and a WebSocket client cannot follow. */
@WsAuth({ strategy: 'oauth2' })
@WebSocketGateway({ path: '/redirected' })
class RedirectedGateway {}

/** Users log in over HTTP, as ever, and take a ticket from there to the gateway. */
@Module({
  imports: [WsAuthModule.forRoot({ strategy: 'ws-ticket', tickets: {} })],
  controllers: [LoginController],
  providers: [OAuth2Strategy, HelloGateway, RedirectedGateway],
})
export class OAuth2Module {}
