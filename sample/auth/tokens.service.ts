import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { User } from './user.js';

/** What a JSON Web Token of this sample says. */
export interface TokenClaims {
  /** The user the token is bound to. */
  readonly sub: string;
  /** When it ends, in seconds since the epoch. */
  readonly exp: number;
}

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

  /** Issues a short-lived token that is bound to one user. */
  async issue(username: string): Promise<IssuedToken> {
    const token = await this.jwt.signAsync({ sub: username });
    const { exp } = this.jwt.decode<TokenClaims>(token);
    return { token, expiresAt: exp * 1000 };
  }

  /** Returns the user a token stands for, or `undefined` when it is forged or expired. */
  async verify(token: string): Promise<User | undefined> {
    try {
      const { sub, exp } = await this.jwt.verifyAsync<TokenClaims>(token);
      return { username: sub, exp };
    } catch {
      return undefined;
    }
  }
}
