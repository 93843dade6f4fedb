import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PassportStrategy } from '@nestjs/passport';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { WsAuthModule, WsUser } from 'nestjs-ws-auth';
import { ExtractJwt, Strategy } from 'passport-jwt';

// The strategy of your HTTP routes, if you have one.
@Injectable()
class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: process.env['JWT_SECRET']!,
      algorithms: ['HS256'],
    });
  }

  validate({ sub }: { sub: string }) {
    return { id: sub };
  }
}

@WebSocketGateway()
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

async function bootstrap() {
  const app = await NestFactory.create(AppModule);
  await app.listen(process.env['PORT'] ?? 3000);
}
void bootstrap();
