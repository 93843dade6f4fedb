import { Injectable, type Type } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import type { Settings } from './contender.js';
import { keyOf, pretendToAsk, type User } from './verify.js';

/** `passport-jwt` as the Nest documentation sets it up. */
export function jwtStrategy(settings: Settings): Type<object> {
  const { verifyDelayMs } = settings;

  @Injectable()
  class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
    constructor() {
      super({
        jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
        // The types of passport-jwt know no key objects; jsonwebtoken takes them.
        secretOrKey: keyOf(settings) as unknown as Buffer,
        algorithms: ['HS256'],
      });
    }

    async validate({ sub }: { readonly sub: string }): Promise<User> {
      if (verifyDelayMs > 0) {
        await pretendToAsk(verifyDelayMs);
      }
      return { id: sub };
    }
  }
  return JwtStrategy;
}
