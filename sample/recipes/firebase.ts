import { Injectable, Module } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { passportJwtSecret } from 'jwks-rsa';
import { WsAuthModule } from 'nestjs-ws-auth';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { required } from './environment.js';
import { HelloGateway } from './hello.gateway.js';

const project = required('FIREBASE_PROJECT');
const keys =
  'https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com';

interface Claims {
  sub: string;
  auth_time: number;
  email_verified?: boolean;
}

@Injectable()
class FirebaseStrategy extends PassportStrategy(Strategy, 'firebase') {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKeyProvider: passportJwtSecret({
        jwksUri: process.env['FIREBASE_JWKS_URI'] ?? keys,
        cache: true,
        rateLimit: true,
      }),
      issuer: `https://securetoken.google.com/${project}`,
      audience: project,
      algorithms: ['RS256'],
    });
  }

  validate({ sub, auth_time: at, email_verified: isVerified = false }: Claims) {
    return sub !== '' && at * 1_000 <= Date.now() && { id: sub, isVerified };
  }
}

/** ID tokens of Firebase Authentication. Sessions that were revoked there end with their token, after an hour at most. */
@Module({
  imports: [WsAuthModule.forRoot({ strategy: 'firebase' })],
  providers: [FirebaseStrategy, HelloGateway],
})
export class FirebaseModule {}
