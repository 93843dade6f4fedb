import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';

/** The user of a token. */
export interface User {
  readonly id: string;
}

/** The strategy of all examples: the same one serves HTTP routes and gateways. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: process.env['JWT_SECRET']!,
      algorithms: ['HS256'],
    });
  }

  validate({ sub }: { sub: string }): User {
    return { id: sub };
  }
}
