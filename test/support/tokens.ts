import { createSecretKey, randomBytes } from 'node:crypto';
import jwt from 'jsonwebtoken';

/** A key object, because a string key costs `jsonwebtoken` more per token than a whole handshake. */
export const secret = createSecretKey(randomBytes(32));

/** A token of a user, valid for a minute unless told otherwise. */
export function tokenOf(sub: string, claims: object = {}): string {
  const exp = Math.floor(Date.now() / 1_000) + 60;
  return jwt.sign({ sub, exp, ...claims }, secret, { algorithm: 'HS256' });
}

export function basicHeader(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
