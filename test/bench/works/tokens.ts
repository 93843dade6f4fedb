import { createSecretKey, randomBytes } from 'node:crypto';
import jwt from 'jsonwebtoken';

/** Whose tokens, and until when. */
export interface TokenOptions {
  /** Epoch seconds; an hour from now without it. */
  readonly exp?: number;
  /** All tokens are of this user; of one user each without it. */
  readonly user?: string;
}

/** Tokens of many users. */
export function tokens(secret: string, count: number, options: TokenOptions = {}): string[] {
  const key = createSecretKey(Buffer.from(secret, 'base64'));
  const { exp = Math.floor(Date.now() / 1_000) + 3_600, user } = options;
  return Array.from({ length: count }, (_, index) =>
    jwt.sign({ sub: user ?? `user-${index}`, exp }, key, { algorithm: 'HS256' }),
  );
}

/** Tokens with a wrong signature. */
export function forgedTokens(count: number): string[] {
  return tokens(randomBytes(32).toString('base64'), count);
}
