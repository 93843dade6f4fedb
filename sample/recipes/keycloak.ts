import { Injectable, Module } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { passportJwtSecret } from 'jwks-rsa';
import { WsAuthModule } from 'nestjs-ws-auth';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { required } from './environment.js';
import { HelloGateway } from './hello.gateway.js';

const issuer = required('KEYCLOAK_ISSUER'); // https://id.example.com/realms/main

interface Claims {
  sub: string;
  typ: string;
  realm_access?: { roles: string[] };
}

@Injectable()
class KeycloakStrategy extends PassportStrategy(Strategy, 'keycloak') {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKeyProvider: passportJwtSecret({
        jwksUri: `${issuer}/protocol/openid-connect/certs`,
        cache: true,
        rateLimit: true,
      }),
      issuer,
      audience: required('KEYCLOAK_AUDIENCE'), // needs an audience mapper; by default it is `account`
      algorithms: ['RS256'],
    });
  }

  validate({ sub, typ, realm_access: access }: Claims) {
    return typ === 'Bearer' && { id: sub, roles: access?.roles ?? [] }; // no ID token, no refresh token
  }
}

/** Access tokens of Keycloak. */
@Module({
  imports: [WsAuthModule.forRoot({ strategy: 'keycloak' })],
  providers: [KeycloakStrategy, HelloGateway],
})
export class KeycloakModule {}
