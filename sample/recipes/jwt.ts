import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { Injectable, Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { PassportStrategy } from '@nestjs/passport';
import { WsAuthModule } from 'nestjs-ws-auth';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { HelloGateway } from './hello.gateway.js';

// A KeyObject: from a string, jsonwebtoken would build a new key for every token it verifies.
const key: KeyObject = createSecretKey(randomBytes(32));

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

/** Tokens that `JwtService` of `@nestjs/jwt` signs. The session ends when its token does. */
@Module({
  imports: [
    JwtModule.register({ secret: key, signOptions: { expiresIn: '5m' } }),
    WsAuthModule.forRoot({ strategy: 'jwt' }),
  ],
  providers: [JwtStrategy, HelloGateway],
})
export class JwtRecipeModule {}
