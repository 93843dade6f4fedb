import { createSecretKey } from 'node:crypto';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PassportStrategy } from '@nestjs/passport';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { WsAuthModule, WsUser } from 'nestjs-ws-auth';
import { ExtractJwt, Strategy } from 'passport-jwt';

// A KeyObject: from a string, jsonwebtoken would build a new key for every token it verifies.
const key = createSecretKey(process.env['JWT_SECRET']!, 'utf8');

@Injectable()
class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: key as unknown as Buffer, // its typings do not know key objects yet
      algorithms: ['HS256'],
    });
  }

  validate({ sub }: { sub: string }) {
    return { id: sub };
  }
}

@WebSocketGateway({ path: '/chat' })
class ChatGateway {
  @SubscribeMessage('hello')
  hello(@WsUser('id') id: string) {
    return { event: 'hello', data: `Hello ${id}!` };
  }
}

@Module({
  imports: [WsAuthModule.forRoot({ strategy: 'jwt' })],
  providers: [JwtStrategy, ChatGateway],
})
class AppModule {}

const app = await NestFactory.create(AppModule);
await app.listen(process.env['PORT'] ?? 3000);
