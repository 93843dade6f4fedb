import { hash } from 'node:crypto';
import { isRecord } from '../protocol/message.js';
import { decodeQueryComponent } from './query.js';

/** Claims of a JWT, as it states them: nothing here verifies a signature. */
export type Claims = Readonly<Record<string, unknown>>;

/** A token as far as it can be read without a key. */
export interface ReadToken {
  /** What a JWT states; nothing for every other token. */
  readonly claims: Claims;
  /** Names the token without revealing it. */
  readonly digest: string;
}

const noClaims: Claims = Object.freeze({});
const base64url = /^[\w-]+$/;
const notOfToken = /[^\w.-]+/;
const openingBrace = 0x7b;
const closingBrace = 0x7d;
const space = 0x20;

/**
 * Reads a token: its claims if it has the form of a JWT, and its digest.
 *
 * The form is three parts between dots, of which the first two are base64url JSON objects. PASETO tokens, JWEs and API keys that
 * hold dots do not have it. What stands between their dots may be equal in all of them, so they are digested whole.
 *
 * A JWT is digested without the second half of its signature. One signature can be written in several ways (the spare bits of
 * base64url, either of two values in an ECDSA signature), and each must have the same digest. The first half counts: without it
 * anyone could make up a text with the digest of another person's token.
 */
export function readToken(token: string): ReadToken {
  const parts = token.split('.', 4);
  const isJwt = parts.length === 3 && isHeader(parts[0]!);
  const claims = isJwt ? jsonIn(parts[1]!) : undefined;
  return isRecord(claims)
    ? { claims, digest: digest(`${parts[0]}.${parts[1]}.${firstHalf(parts[2]!)}`) }
    : { claims: noClaims, digest: digest(token) };
}

/** Most tokens of an application have the same header. */
let lastHeader: string | undefined;

function isHeader(part: string): boolean {
  if (part !== lastHeader) {
    if (!isRecord(jsonIn(part))) {
      return false;
    }
    lastHeader = part;
  }
  return true;
}

function digest(text: string): string {
  return `sha256:${hash('sha256', text, 'base64url')}`;
}

/** The first value of an ECDSA signature ends within the character in the middle, which is left out. */
function firstHalf(signature: string): string {
  const isPlain = base64url.test(signature);
  const plain = isPlain ? signature : Buffer.from(signature, 'base64url').toString('base64url');
  return plain.slice(0, Math.max(0, Math.floor(plain.length / 2) - 1));
}

/** Most tokens that one credential may consist of. A client that sends more is refused, since each costs memory. */
export const maxTokens = 16;

/**
 * Finds the JWTs in a text, such as a header field, a URL or a list of cookies, in time linear to its length. It returns at most
 * one more than {@link maxTokens}.
 */
export function jwtsIn(text: string): readonly string[] {
  if (!text.includes('.')) {
    return [];
  }
  const decoded = decodeQueryComponent(text) ?? text;
  const found = new Set<string>();
  for (const each of decoded === text ? [text] : [text, decoded]) {
    for (const run of each.split(notOfToken)) {
      collectJwts(run.split('.'), found);
    }
  }
  return [...found];
}

/** Other parts may stand before a JWT and behind it, such as the signature of a cookie. */
function collectJwts(parts: readonly string[], found: Set<string>): void {
  for (let index = 0; index + 2 < parts.length && found.size <= maxTokens; index += 1) {
    const header = headerIn(parts[index]!);
    if (header !== undefined && isRecord(jsonIn(parts[index + 1]!))) {
      found.add(`${header}.${parts[index + 1]}.${parts[index + 2]}`);
      index += 2;
    }
  }
}

/** The header of a JWT, which a prefix may stand before. `eyJ` is how `{"` begins in base64url. */
function headerIn(part: string): string | undefined {
  const start = part.lastIndexOf('eyJ');
  const candidates = start > 0 ? [part, part.slice(start)] : [part];
  return candidates.find((each) => isRecord(jsonIn(each)));
}

/** The JSON of a part. Few texts get as far as `JSON.parse`, since its exceptions are slow. */
function jsonIn(part: string): unknown {
  const bytes = base64url.test(part) ? Buffer.from(part, 'base64url') : undefined;
  if (!bytes || !mayBe(openingBrace, bytes[0]) || !mayBe(closingBrace, bytes.at(-1))) {
    return undefined;
  }
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

/** White space may stand around a JSON object. */
function mayBe(brace: number, byte: number | undefined): boolean {
  return byte === brace || (byte !== undefined && byte <= space);
}
