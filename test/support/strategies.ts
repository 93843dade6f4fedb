import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { BasicStrategy } from 'passport-http';
import { ExtractJwt, Strategy as PassportJwtStrategy } from 'passport-jwt';
import { secret } from './tokens.js';

/** What the strategies of the tests make of a credential. */
export interface TestUser {
  readonly id: string;
}

@Injectable()
export class JwtStrategy extends PassportStrategy(PassportJwtStrategy, 'jwt') {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      // The types of passport-jwt know no key objects; jsonwebtoken takes them.
      secretOrKey: secret as unknown as Buffer,
      algorithms: ['HS256'],
    });
  }

  validate({ sub }: { readonly sub: string }): TestUser {
    return { id: sub };
  }
}

/** Accepts a user whose password is the name backwards, or `pa:ss`. */
@Injectable()
export class HttpBasicStrategy extends PassportStrategy(BasicStrategy, 'basic') {
  validate(username: string, password: string): TestUser | false {
    const known = password === [...username].reverse().join('') || password === 'pa:ss';
    return known && { id: username };
  }
}
