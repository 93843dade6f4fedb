/** The claims of a JSON Web Token of this sample. */
export interface TokenClaims {
  /** The user the token is bound to. */
  readonly sub: string;
  /** When it was issued, in seconds since the epoch, with the milliseconds as a fraction. */
  readonly iat: number;
  /** When it ends, in seconds since the epoch. */
  readonly exp: number;
  /** Names this one token, so that it can be revoked. */
  readonly jti: string;
}
