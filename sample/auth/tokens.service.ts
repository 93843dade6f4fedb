import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { TokenClaims } from './token-claims.js';
import { type User, userOfClaims } from './user.js';

/** The answer of `POST /tokens`. */
export interface IssuedToken {
  readonly token: string;
  /** When the token ends, in milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Issues the tokens that the WebSocket gateways accept. */
@Injectable()
export class TokensService {
  constructor(private readonly jwt: JwtService) {}

  /**
   * Issues a short-lived token that is bound to one user.
   *
   * `iat` has a fraction, as RFC 7519 allows: in whole seconds, a user who logs out everywhere and
   * immediately logs in again would get a token that looks like the revoked ones.
   */
  async issue(username: string): Promise<IssuedToken> {
    const claims = { sub: username, iat: Date.now() / 1000, jti: randomUUID() };
    const token = await this.jwt.signAsync(claims);
    const { exp } = this.jwt.decode<TokenClaims>(token);
    return { token, expiresAt: exp * 1000 };
  }

  /** Returns the user a token stands for, or `undefined` when it is forged or expired. */
  async verify(token: string): Promise<User | undefined> {
    try {
      return userOfClaims(await this.jwt.verifyAsync<TokenClaims>(token));
    } catch {
      return undefined;
    }
  }
}
