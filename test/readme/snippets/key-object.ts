import { createSecretKey } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';

const key = createSecretKey(process.env['JWT_SECRET'] ?? '', 'utf8');

@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: key as unknown as Buffer, // the typings of passport-jwt lack key objects
      algorithms: ['HS256'],
    });
  }

  validate({ sub }: { sub: string }) {
    return { id: sub };
  }
}
