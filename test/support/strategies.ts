import { Injectable, type Type } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { IncomingMessage } from 'node:http';
import { Strategy as PassportCustomStrategy } from 'passport-custom';
import { BasicStrategy } from 'passport-http';
import { ExtractJwt, Strategy as PassportJwtStrategy } from 'passport-jwt';
import { secret } from './tokens.js';

/** What the strategies of the tests make of a credential. */
export interface TestUser {
  readonly id: string;
}

const jwtOptions = {
  jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
  // The types of passport-jwt know no key objects; jsonwebtoken takes them.
  secretOrKey: secret as unknown as Buffer,
  algorithms: ['HS256' as const],
};

@Injectable()
export class JwtStrategy extends PassportStrategy(PassportJwtStrategy, 'jwt') {
  constructor() {
    super(jwtOptions);
  }

  validate({ sub }: { readonly sub: string }): TestUser {
    return { id: sub };
  }
}

/** A strategy of passport-jwt with a name and options of its own. */
export function jwtStrategyWith(name: string, options: object): Type<object> {
  @Injectable()
  class NamedJwtStrategy extends PassportStrategy(PassportJwtStrategy, name) {
    constructor() {
      super({ ...jwtOptions, ...options });
    }

    validate({ sub }: { readonly sub: string }): TestUser {
      return { id: sub };
    }
  }
  return NamedJwtStrategy;
}

/** Accepts a user whose password is `secret of <name>`. */
@Injectable()
export class HttpBasicStrategy extends PassportStrategy(BasicStrategy, 'basic') {
  validate(username: string, password: string): TestUser | false {
    return password === `secret of ${username}` && { id: username };
  }
}

/** The part of a request that a strategy of the tests reads. */
export interface JudgedRequest extends IncomingMessage {
  readonly body: Record<string, unknown>;
  readonly query: Record<string, string | string[]>;
  /** Aborts when no caller waits for the strategy any more. */
  readonly signal: AbortSignal;
}

/** A `passport-custom` strategy with a `validate()` of the test. */
export function customStrategy(
  name: string,
  validate: (request: JudgedRequest) => unknown,
): Type<object> {
  @Injectable()
  class TestStrategy extends PassportStrategy(PassportCustomStrategy, name) {
    validate(request: JudgedRequest): unknown {
      return validate(request);
    }
  }
  return TestStrategy;
}

/** The token in the header of a request. */
export function bearerOf({ headers }: IncomingMessage): string | undefined {
  return headers.authorization?.replace(/^Bearer /, '');
}
