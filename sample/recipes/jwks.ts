import { Injectable, Module } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { passportJwtSecret } from 'jwks-rsa';
import { WsAuthModule } from 'nestjs-ws-auth';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { required } from './environment.js';
import { HelloGateway } from './hello.gateway.js';

@Injectable()
class JwksStrategy extends PassportStrategy(Strategy, 'jwks') {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      // Keys are fetched when a token names one that is not known yet, and at most ten times a minute.
      secretOrKeyProvider: passportJwtSecret({
        jwksUri: required('JWKS_URI'),
        cache: true,
        rateLimit: true,
        jwksRequestsPerMinute: 10,
      }),
      issuer: required('JWT_ISSUER'),
      audience: required('JWT_AUDIENCE'),
      algorithms: ['RS256'],
    });
  }

  validate({ sub }: { sub: string }) {
    return { id: sub };
  }
}

/** Tokens of an identity provider that publishes its keys, such as Auth0, Cognito or Keycloak. */
@Module({
  imports: [WsAuthModule.forRoot({ strategy: 'jwks' })],
  providers: [JwksStrategy, HelloGateway],
})
export class JwksModule {}
