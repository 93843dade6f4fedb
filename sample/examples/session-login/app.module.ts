import { promisify } from 'node:util';
import {
  Body,
  Controller,
  Get,
  Header,
  HttpCode,
  Injectable,
  Module,
  Post,
  Req,
  UnauthorizedException,
  type MiddlewareConsumer,
  type NestModule,
} from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import type { Request } from 'express';
import session, { MemoryStore } from 'express-session';
import {
  fromRequest,
  WsAuthModule,
  WsAuthSessions,
  WsUser,
  type WsAuthMiddleware,
} from 'nestjs-ws-auth';
import { Strategy } from 'passport-custom';
import { page } from './page.js';

declare module 'express-session' {
  interface SessionData {
    userId: string;
  }
}

const store = new MemoryStore(); // in production: one that nodes share, such as connect-redis

// The same middleware serves the routes and the gateways.
const withSession = session({
  store,
  secret: process.env['SESSION_SECRET']!,
  resave: false,
  saveUninitialized: false,
  cookie: { httpOnly: true, sameSite: 'lax', secure: 'auto' },
});

/** The user of the HTTP session. The middleware has read its cookie before. */
@Injectable()
class SessionStrategy extends PassportStrategy(Strategy, 'http-session') {
  validate({ session: { userId } }: Request) {
    return userId !== undefined && { id: userId };
  }
}

@Controller()
class LoginController {
  @Get()
  @Header('content-type', 'text/html')
  show() {
    return page;
  }

  /** The session gets a new id, so that one which an attacker has planted does not become that of the user. */
  @Post('login')
  @HttpCode(204)
  async logIn(@Req() request: Request, @Body() { user, password }: Record<string, unknown>) {
    if (typeof user !== 'string' || password !== process.env['PASSWORD']) {
      throw new UnauthorizedException(); // your check of the password
    }
    const { session: old } = request;
    await promisify(old.regenerate.bind(old))();
    request.session.userId = user;
  }

  @Post('logout')
  @HttpCode(204)
  async logOut(@Req() { session: current }: Request) {
    await promisify(current.destroy.bind(current))();
  }
}

@WebSocketGateway({ path: '/chat' })
class ChatGateway {
  @SubscribeMessage('hello')
  hello(@WsUser('id') id: string) {
    return { event: 'hello', data: `Hello ${id}!` };
  }
}

/** A login by form. Its cookie opens the gateway to pages of the same origin, and logging out ends the sockets. */
@Module({
  imports: [
    WsAuthModule.forRoot({
      strategy: 'http-session',
      credentials: [fromRequest()],
      middleware: [withSession as WsAuthMiddleware],
      maxSessionAgeMs: 8 * 60 * 60 * 1_000,
      rejection: 'auto', // so that the page can read why it is refused
    }),
  ],
  controllers: [LoginController],
  providers: [SessionStrategy, ChatGateway],
})
export class AppModule implements NestModule {
  constructor(sessions: WsAuthSessions) {
    sessions.bindToHttpSession(store);
  }

  configure(consumer: MiddlewareConsumer) {
    consumer.apply(withSession).forRoutes('{*path}');
  }
}
