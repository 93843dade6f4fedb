import { Injectable, Module } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { passportJwtSecret } from 'jwks-rsa';
import { WsAuthModule } from 'nestjs-ws-auth';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { required } from './environment.js';
import { HelloGateway } from './hello.gateway.js';

const issuer = required('AUTH0_ISSUER'); // https://tenant.eu.auth0.com/ with the slash at its end

@Injectable()
class Auth0Strategy extends PassportStrategy(Strategy, 'auth0') {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKeyProvider: passportJwtSecret({
        jwksUri: `${issuer}.well-known/jwks.json`,
        cache: true,
        rateLimit: true,
      }),
      issuer,
      audience: required('AUTH0_AUDIENCE'), // the identifier of the API; without one, tokens are opaque
      algorithms: ['RS256'],
    });
  }

  validate({ sub, permissions = [] }: { sub: string; permissions?: string[] }) {
    return { id: sub, permissions };
  }
}

/** Access tokens of Auth0. */
@Module({
  imports: [WsAuthModule.forRoot({ strategy: 'auth0' })],
  providers: [Auth0Strategy, HelloGateway],
})
export class Auth0Module {}
