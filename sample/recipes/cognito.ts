import { Injectable, Module } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { passportJwtSecret } from 'jwks-rsa';
import { WsAuthModule } from 'nestjs-ws-auth';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { required } from './environment.js';
import { HelloGateway } from './hello.gateway.js';

const issuer = required('COGNITO_ISSUER'); // https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Abc
const clientId = required('COGNITO_CLIENT_ID');

interface Claims {
  sub: string;
  token_use: string;
  client_id: string;
  'cognito:groups'?: string[];
}

@Injectable()
class CognitoStrategy extends PassportStrategy(Strategy, 'cognito') {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKeyProvider: passportJwtSecret({
        jwksUri: `${issuer}/.well-known/jwks.json`,
        cache: true,
        rateLimit: true,
      }),
      issuer,
      algorithms: ['RS256'],
    });
  }

  /** Access tokens of Cognito have no `aud`: they name their client in `client_id`. */
  validate({ sub, token_use: use, client_id: client, 'cognito:groups': groups = [] }: Claims) {
    return use === 'access' && client === clientId && { id: sub, groups };
  }
}

/** Access tokens of Amazon Cognito. */
@Module({
  imports: [WsAuthModule.forRoot({ strategy: 'cognito' })],
  providers: [CognitoStrategy, HelloGateway],
})
export class CognitoModule {}
