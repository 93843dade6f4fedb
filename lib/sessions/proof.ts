import { hash } from 'node:crypto';
import { readToken, type Claims, type ReadToken } from '../credentials/jwt.js';
import type { Basis } from '../passport/basis.js';
import { userKey } from '../policy/user-key.js';
import { isRecord } from '../protocol/message.js';

/** The claims of a credential, once a strategy has accepted it. */
export interface Proof {
  /**
   * All names of the tokens that the session stands on, or may stand on: each `jti`, and each digest. A revocation of any of them
   * ends the session.
   */
  readonly tokenIds: readonly string[];
  /**
   * The names that are revoked together with the session. A `jti` is one of them only if it was verified: a client could make up a
   * token with the `jti` of another person, and log out. A digest always may be, since only the holder of a token can present it.
   */
  readonly ownTokenIds: readonly string[];
  /** Epoch milliseconds by the clock of the issuer; `undefined` if it is not known. */
  readonly issuedAt: number | undefined;
  /** `iss` of the token. */
  readonly issuer: string | undefined;
  /** The earliest `exp` of the user, the info and the tokens; one that is not a number comes first, to be refused. */
  readonly exp: unknown;
  /** Whether a token is bound to a key, which nothing here makes the client prove (RFC 9449 §7.2, RFC 8705 §3). */
  readonly bound: boolean;
  /** Name of the field that held the password, where it is another one than `password`. */
  readonly passwordField?: string | undefined;
}

const noTokenIds: readonly string[] = Object.freeze([]);

/** The proof of an anonymous session. */
export const anonymousProof: Proof = Object.freeze({
  tokenIds: noTokenIds,
  ownTokenIds: noTokenIds,
  issuedAt: undefined,
  issuer: undefined,
  exp: undefined,
  bound: false,
});

/**
 * Reads what revocation and expiry need of an accepted credential.
 *
 * Claims are read from the tokens themselves, because `validate()` seldom returns them. They only ever shorten or end a session:
 * identity comes from the strategy alone. Of several tokens that the strategy may have verified the strictest counts. User name
 * and password count as issued when they are presented, unless the strategy returns another time.
 *
 * @param presentedAt epoch milliseconds; not when the strategy has ended, since the password may be another one by then
 */
export function proofOf(
  basis: Basis,
  user: unknown,
  info: unknown,
  presentedAt = Date.now(),
): Proof {
  const tokens = basis.tokens.map(readToken);
  const stated: readonly Claims[] = [...tokens.map(claimsOf), ...(basis.claims ?? [])];
  const { tokenIds, ownTokenIds } = tokenIdsOf(tokens, basis, nameIn(returned(user, info, 'jti')));
  return {
    tokenIds: basis.parts ? withParts(tokenIds, basis.parts) : tokenIds,
    ownTokenIds,
    // The password of HTTP Basic may be an opaque token: if the strategy returns when it was issued, that counts.
    issuedAt:
      pastDate(returned(user, info, 'iat'), presentedAt) ??
      // A user may have an `iat` of another kind.
      pastDate(issueOf(tokens), presentedAt) ??
      (basis.presented ? presentedAt : undefined),
    issuer: stringOf(returned(user, info, 'iss')) ?? issuerOf(tokens),
    exp: expiryOf(user, info, stated),
    bound: stated.some(isBound),
    ...(basis.passwordField !== undefined && { passwordField: basis.passwordField }),
  };
}

/** Claims that the application makes about a user it has authenticated elsewhere, just now unless it names another time. */
export function declaredProof(user: object, info: unknown): Proof {
  return proofOf({ tokens: [], verified: true, presented: true }, user, info);
}

/** The proof with one more name of what the session stands on. */
export function withTokenId(proof: Proof, tokenId: string): Proof {
  return {
    ...proof,
    tokenIds: [...proof.tokenIds, tokenId],
    ownTokenIds: [...proof.ownTokenIds, tokenId],
  };
}

type TokenIds = Pick<Proof, 'tokenIds' | 'ownTokenIds'>;

/**
 * Most tokens state no `jti`. Both lists are one then, since each costs every session memory.
 *
 * @param said `jti` that the strategy has returned
 */
function tokenIdsOf(
  tokens: readonly ReadToken[],
  { verified, claims = [] }: Basis,
  said: string | undefined,
): TokenIds {
  const digests = tokens.map(digestOf);
  const stated = [...tokens.map(claimsOf), ...claims].flatMap(({ jti }) => nameIn(jti) ?? []);
  if (said === undefined && stated.length === 0) {
    const tokenIds = distinct(digests);
    return { tokenIds, ownTokenIds: tokenIds };
  }
  const own = said ?? (verified && tokens[0] ? nameIn(tokens[0].claims['jti']) : undefined);
  const ownTokenIds = own === undefined ? digests : [own];
  return { tokenIds: distinct([...ownTokenIds, ...digests, ...stated]), ownTokenIds };
}

/** A list that is filled one by one keeps room for sixteen more. */
function distinct(ids: readonly string[]): readonly string[] {
  return ids.length < 2 ? ids : [...new Set(ids)];
}

function withParts(tokenIds: readonly string[], parts: readonly string[]): readonly string[] {
  return distinct([...tokenIds, ...parts.map((part) => readToken(part).digest)]);
}

function claimsOf({ claims }: ReadToken): Claims {
  return claims;
}

function digestOf({ digest }: ReadToken): string {
  return digest;
}

/** The earliest issue; unknown if one of the tokens does not state it, since it may be older than the others. */
function issueOf(tokens: readonly ReadToken[]): unknown {
  let earliest: number | undefined;
  for (const { claims } of tokens) {
    const { iat } = claims;
    if (numericDate(iat) === undefined) {
      return undefined;
    }
    earliest = Math.min(earliest ?? (iat as number), iat as number);
  }
  return earliest;
}

/** The issuer, if the tokens agree on it. */
function issuerOf(tokens: readonly ReadToken[]): string | undefined {
  const issuer = stringOf(tokens[0]?.claims['iss']);
  return tokens.every(({ claims }) => stringOf(claims['iss']) === issuer) ? issuer : undefined;
}

/** The earliest end that the strategy has returned or a token states. */
function expiryOf(user: unknown, info: unknown, stated: readonly Claims[]): unknown {
  let exp = sooner(fieldOf(user, 'exp'), fieldOf(info, 'exp'));
  for (const claims of stated) {
    exp = sooner(exp, claims['exp']);
  }
  return exp;
}

function isBound({ cnf }: Claims): boolean {
  return isRecord(cnf) && ('jkt' in cnf || 'x5t#S256' in cnf);
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
  return `sha256:${hash('sha256', `http-session:${sessionId}`, 'base64url')}`;
}

/** The one place where NumericDate seconds (RFC 7519 §2) become milliseconds; `undefined` for anything else. */
export function numericDate(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value * 1_000 : undefined;
}

/** How far ahead a clock may be that a time of issue is still believed. */
const maxAheadMs = 86_400_000;

/**
 * `iat` in epoch milliseconds. One that is more than a day ahead does not state when the token was issued: its issuer has counted
 * milliseconds, for example, and no revocation of a user would ever concern it.
 */
function pastDate(iat: unknown, presentedAt: number): number | undefined {
  const issuedAt = numericDate(iat);
  return issuedAt !== undefined && issuedAt <= presentedAt + maxAheadMs ? issuedAt : undefined;
}

/** What the strategy has returned under a name. */
function returned(user: unknown, info: unknown, name: string): unknown {
  return fieldOf(user, name) ?? fieldOf(info, name);
}

function fieldOf(value: unknown, field: string): unknown {
  return isRecord(value) ? value[field] : undefined;
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/**
 * RFC 7519 §4.1.7 has a text, and issuers also write the number of a database record. An empty text names nothing: all tokens with one
 * would be revoked together.
 */
function nameIn(jti: unknown): string | undefined {
  return userKey(jti);
}
