import { createSecretKey, randomBytes } from 'node:crypto';
import { Injectable, Module } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { WsAuthModule, WsUser } from 'nestjs-ws-auth';
import { ExtractJwt, Strategy } from 'passport-jwt';

@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: createSecretKey(randomBytes(32)) as unknown as Buffer,
      algorithms: ['HS256'],
    });
  }

  validate({ sub }: { readonly sub: string }) {
    return { id: sub };
  }
}

@WebSocketGateway({ path: '/chat' })
export class ChatGateway {
  @SubscribeMessage('hello')
  hello(@WsUser('id') id: string) {
    return { event: 'hello', data: `Hello ${id}!` };
  }
}

/** The gateway of the quick start, as the guide to the test kit tests it. */
@Module({
  imports: [WsAuthModule.forRoot({ strategy: 'jwt' })],
  providers: [JwtStrategy, ChatGateway],
})
export class ChatModule {}
