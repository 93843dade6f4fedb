import { createSecretKey, randomBytes } from 'node:crypto';
import jwt from 'jsonwebtoken';

/** Where a process that a test starts finds the key of the test, so that each takes the tokens of the other. */
export const keyVariable = 'TEST_TOKEN_KEY';

const inherited = process.env[keyVariable];

/** A key object, because a string key costs `jsonwebtoken` more per token than a whole handshake. */
export const secret = createSecretKey(
  inherited === undefined ? randomBytes(32) : Buffer.from(inherited, 'hex'),
);

/** A token of a user. It lasts an hour by default, which is longer than a file of tests takes on any machine. */
export function tokenOf(sub: string, claims: object = {}): string {
  const exp = Math.floor(Date.now() / 1_000) + 3_600;
  return jwt.sign({ sub, exp, ...claims }, secret, { algorithm: 'HS256' });
}

/** Options of a client that presents a token in the header, by default the one of `alice`. */
export function bearer(token: string = tokenOf('alice')) {
  return { headers: { authorization: `Bearer ${token}` } };
}

/** A JWT that no key signed, for code that reads claims and verifies nothing. */
export function unverifiedToken(claims: unknown, signature = 'c2ln'): string {
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  return `e30.${payload}.${signature}`;
}

export function basicHeader(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
