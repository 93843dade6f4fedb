import { hash } from 'node:crypto';
import type { Credential } from '../credentials/credential.js';
import { isRecord } from '../protocol/message.js';

/** What a credential says about itself, once a strategy has accepted it. */
export interface Proof {
  /** Names the token: its `jti`, or a digest; `undefined` if there is no token. */
  readonly tokenId: string | undefined;
  /** Epoch milliseconds; `undefined` if nobody can tell. */
  readonly issuedAt: number | undefined;
  /** `iss` of the token. */
  readonly issuer: string | undefined;
  /** The earliest `exp` of the user, the info and the token; one that is not a number comes first, to be refused. */
  readonly exp: unknown;
  /** Whether the token is bound to a key, which nothing here makes the client prove (RFC 9449 §7.2, RFC 8705 §3). */
  readonly bound: boolean;
}

const noClaims: Readonly<Record<string, unknown>> = Object.freeze({});

/** The proof of somebody who proves nothing. */
export const anonymousProof: Proof = Object.freeze({
  tokenId: undefined,
  issuedAt: undefined,
  issuer: undefined,
  exp: undefined,
  bound: false,
});

/**
 * Reads what revocation and expiry need of an accepted credential.
 *
 * Claims are read from the token itself, because `validate()` seldom returns them. They only ever shorten or end a
 * session: identity comes from the strategy alone. User name and password count as issued when they are presented, unless
 * the strategy says otherwise.
 */
export function proofOf(credential: Credential, user: unknown, info: unknown): Proof {
  const { content } = credential;
  const token =
    content.scheme === 'Bearer' || content.scheme === 'fields' ? content.token : undefined;
  const claims = token === undefined ? noClaims : claimsOf(token);
  const claim = (name: string) => fieldOf(user, name) ?? fieldOf(info, name) ?? claims[name];
  const presented =
    content.scheme === 'Basic' || (content.scheme === 'fields' && token === undefined);
  return {
    tokenId: stringOf(claim('jti')) ?? (token === undefined ? undefined : digest(token)),
    // A token may come as the password of HTTP Basic: if the strategy says when it was issued, that counts.
    issuedAt: numericDate(claim('iat')) ?? (presented ? Date.now() : undefined),
    issuer: stringOf(claim('iss')),
    exp: sooner(sooner(fieldOf(user, 'exp'), fieldOf(info, 'exp')), claims['exp']),
    bound: isRecord(claims['cnf']) && ('jkt' in claims['cnf'] || 'x5t#S256' in claims['cnf']),
  };
}

/** What the application itself says of a user it has authenticated elsewhere, just now unless it says otherwise. */
export function declaredProof(user: object, info: unknown): Proof {
  const claim = (name: string) => fieldOf(user, name) ?? fieldOf(info, name);
  return {
    tokenId: stringOf(claim('jti')),
    issuedAt: numericDate(claim('iat')) ?? Date.now(),
    issuer: stringOf(claim('iss')),
    exp: sooner(fieldOf(user, 'exp'), fieldOf(info, 'exp')),
    bound: false,
  };
}

/** One that is not a number is sooner than all others. */
function sooner(one: unknown, other: unknown): unknown {
  if (one === undefined || one === null) {
    return other ?? undefined;
  }
  if (other === undefined || other === null || numericDate(one) === undefined) {
    return one;
  }
  return numericDate(other) === undefined ? other : Math.min(one as number, other as number);
}

/** Names an HTTP session; its id is a secret, so it is digested. */
export function httpSessionTokenId(sessionId: string): string {
  return digest(`http-session:${sessionId}`);
}

/** The one place where NumericDate seconds (RFC 7519 §2) become milliseconds; `undefined` for anything else. */
export function numericDate(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value * 1_000 : undefined;
}

function claimsOf(token: string): Readonly<Record<string, unknown>> {
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  if (first === -1 || second === -1) {
    return noClaims;
  }
  try {
    const payload = token.slice(first + 1, second);
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    return isRecord(claims) ? claims : noClaims;
  } catch {
    return noClaims;
  }
}

function fieldOf(value: unknown, field: string): unknown {
  return isRecord(value) ? value[field] : undefined;
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Of a JWT without its signature: one signature can be written in several ways. */
function digest(token: string): string {
  const second = token.indexOf('.', token.indexOf('.') + 1);
  const isJwt = second > 0 && second === token.lastIndexOf('.');
  const named = isJwt ? token.slice(0, second) : token;
  return `sha256:${hash('sha256', named, 'base64url')}`;
}
