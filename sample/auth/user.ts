import type { TokenClaims } from './token-claims.js';

/**
 * Who a token or a session stands for.
 *
 * `exp` (seconds) also ends the WebSocket session. `iat` and `jti` travel with the user, so that a ticket is as old as the
 * token it was bought with: one that was bought with a revoked token is of no use.
 */
export interface User {
  readonly username: string;
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
}

/** What Passport makes of an HTTP request. */
export interface AuthenticatedRequest {
  readonly user: User;
}

/** The user that a verified token stands for. */
export function userOfClaims({ sub, iat, exp, jti }: TokenClaims): User {
  return { username: sub, iat, exp, jti };
}

/** Visible characters only; no colon, because HTTP Basic ends the user name at the first one. */
const userName = /^[^\p{C}\p{Z}:]{1,64}$/u;

/** Whether a value from outside is a name this sample accepts. */
export function isUserName(value: unknown): value is string {
  return typeof value === 'string' && userName.test(value);
}
