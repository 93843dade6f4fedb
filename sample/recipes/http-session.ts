import { randomBytes } from 'node:crypto';
import {
  Body,
  Controller,
  HttpCode,
  Injectable,
  Module,
  Post,
  Session,
  type MiddlewareConsumer,
  type NestModule,
} from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import session from 'express-session';
import { fromRequest, WsAuthModule, WsUser, type WsAuthMiddleware } from 'nestjs-ws-auth';
import { Strategy } from 'passport-custom';

interface ShopSession {
  userId?: string;
  cart?: string[];
}

// The same middleware serves the routes and the gateways. Use a store that lasts, such as connect-redis.
const withSession = session({
  secret: randomBytes(32).toString('hex'),
  resave: false,
  saveUninitialized: false,
});

/** What it returns is the user of the socket, so handlers have the session as it was when the socket was opened. */
@Injectable()
class HttpSessionStrategy extends PassportStrategy(Strategy, 'http-session') {
  validate({ session: { userId, cart = [] } }: { session: ShopSession }) {
    return userId !== undefined && { id: userId, cart };
  }
}

@Controller()
class LoginController {
  @Post('login')
  @HttpCode(204)
  login(@Session() shop: ShopSession, @Body() { userId }: { userId: string }) {
    Object.assign(shop, { userId, cart: ['book'] }); // after the password was checked
  }
}

@WebSocketGateway({ path: '/hello' })
class CartGateway {
  @SubscribeMessage('hello')
  hello(@WsUser('cart') cart: string[]) {
    return { event: 'hello', data: cart };
  }
}

/** The data of an HTTP session in handlers, without `passport.session()`. */
@Module({
  imports: [
    WsAuthModule.forRoot({
      strategy: 'http-session',
      credentials: [fromRequest()],
      middleware: [withSession as WsAuthMiddleware],
    }),
  ],
  controllers: [LoginController],
  providers: [HttpSessionStrategy, CartGateway],
})
export class HttpSessionModule implements NestModule {
  configure(consumer: MiddlewareConsumer) {
    consumer.apply(withSession).forRoutes('{*path}');
  }
}
