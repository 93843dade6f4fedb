import { Injectable, Module } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { passportJwtSecret } from 'jwks-rsa';
import { WsAuthModule } from 'nestjs-ws-auth';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { required } from './environment.js';
import { HelloGateway } from './hello.gateway.js';

const issuer = required('CLERK_ISSUER'); // https://clerk.example.com, the Frontend API
const pages = [required('CLERK_PAGE')]; // https://app.example.com

interface Claims {
  sub: string;
  sid: string;
  azp?: string;
  /** `pending` until the user has done what the organisation asks for. */
  sts?: string;
}

@Injectable()
class ClerkStrategy extends PassportStrategy(Strategy, 'clerk') {
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

  /** Session tokens of Clerk have no `aud`. `azp` is the origin that they were made for. */
  validate({ sub, sid, azp, sts }: Claims) {
    return azp !== undefined && pages.includes(azp) && sts !== 'pending' && { id: sub, sid };
  }
}

/** Session tokens of Clerk. They live for 60 seconds, so let the client renew: `token: () => session.getToken()`. */
@Module({
  imports: [WsAuthModule.forRoot({ strategy: 'clerk' })],
  providers: [ClerkStrategy, HelloGateway],
})
export class ClerkModule {}
