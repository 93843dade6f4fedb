import { Injectable, Module } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { passportJwtSecret } from 'jwks-rsa';
import { WsAuthModule } from 'nestjs-ws-auth';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { required } from './environment.js';
import { HelloGateway } from './hello.gateway.js';

const issuer = required('SUPABASE_ISSUER'); // https://project.supabase.co/auth/v1

interface Claims {
  sub: string;
  role: string;
  is_anonymous?: boolean;
}

@Injectable()
class SupabaseStrategy extends PassportStrategy(Strategy, 'supabase') {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      // Projects that still sign with the legacy secret: `secretOrKey: createSecretKey(…)` and HS256 instead.
      secretOrKeyProvider: passportJwtSecret({
        jwksUri: `${issuer}/.well-known/jwks.json`,
        cache: true,
        rateLimit: true,
      }),
      issuer,
      audience: 'authenticated',
      algorithms: ['ES256', 'RS256'],
    });
  }

  validate({ sub, role, is_anonymous: isAnonymous = false }: Claims) {
    return role === 'authenticated' && { id: sub, isAnonymous };
  }
}

/** Access tokens of Supabase Auth. */
@Module({
  imports: [WsAuthModule.forRoot({ strategy: 'supabase' })],
  providers: [SupabaseStrategy, HelloGateway],
})
export class SupabaseModule {}
