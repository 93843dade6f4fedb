import { randomBytes } from 'node:crypto';
import {
  Controller,
  HttpCode,
  Injectable,
  Module,
  Post,
  UseGuards,
  type ExecutionContext,
  type MiddlewareConsumer,
  type NestModule,
} from '@nestjs/common';
import { AuthGuard, PassportSerializer, PassportStrategy } from '@nestjs/passport';
import session from 'express-session';
import { fromRequest, WsAuthModule, type WsAuthMiddleware } from 'nestjs-ws-auth';
import passport from 'passport';
import { Strategy } from 'passport-local';
import { HelloGateway } from './hello.gateway.js';

// The same middleware serves the routes and the gateways. Use a store that lasts, such as connect-redis.
const middleware = [
  session({ secret: randomBytes(32).toString('hex'), resave: false, saveUninitialized: false }),
  passport.session(),
];

@Injectable()
class LocalStrategy extends PassportStrategy(Strategy) {
  validate(username: string, password: string) {
    return password === 'correct horse' && { id: username };
  }
}

@Injectable()
class UserSerializer extends PassportSerializer {
  serializeUser(user: { id: string }, done: (error: null, id: string) => void) {
    done(null, user.id);
  }

  deserializeUser(id: string, done: (error: null, user: object) => void) {
    done(null, { id });
  }
}

@Injectable()
class LoginGuard extends AuthGuard('local') {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    await super.canActivate(context);
    await super.logIn(context.switchToHttp().getRequest());
    return true;
  }
}

@Controller()
class LoginController {
  @UseGuards(LoginGuard)
  @HttpCode(204)
  @Post('login')
  login() {}
}

/** An HTTP login, whose cookie opens the gateway to pages of the same origin. */
@Module({
  imports: [
    WsAuthModule.forRoot({
      strategy: 'session',
      credentials: [fromRequest()],
      middleware: middleware as WsAuthMiddleware[],
    }),
  ],
  controllers: [LoginController],
  providers: [LocalStrategy, UserSerializer, HelloGateway],
})
export class SessionModule implements NestModule {
  configure(consumer: MiddlewareConsumer) {
    consumer.apply(...middleware).forRoutes('{*path}');
  }
}
