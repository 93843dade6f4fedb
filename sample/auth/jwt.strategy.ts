import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { tokenKey } from './token-key.js';
import type { TokenClaims } from './token-claims.js';
import { type User, userOfClaims } from './user.js';

/**
 * The strategy that any Nest application has for its HTTP routes, word for word.
 *
 * It reads `Authorization: Bearer`. Wherever a WebSocket client put its token, `nestjs-ws-auth`
 * presents it in that header, so the strategy serves every way unchanged.
 */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      // The typings of passport-jwt do not know yet that a KeyObject is accepted.
      secretOrKey: tokenKey as unknown as Buffer,
      algorithms: ['HS256'],
    });
  }

  validate(claims: TokenClaims): User {
    return userOfClaims(claims);
  }
}
