import { hash } from 'node:crypto';
import { isRecord } from '../protocol/message.js';
import { ownCopy } from '../protocol/own-copy.js';

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
/** Some issuers pad the parts, although RFC 7515 §2 forbids it. */
const base64url = /^[\w-]+=*$/;
const plainBase64url = /^[\w-]*$/;
const openingBrace = 0x7b;
const closingBrace = 0x7d;
const space = 0x20;

/**
 * Reads a token: its claims if it has the form of a JWT, and its digest.
 *
 * The form is three parts between dots, of which the first two are base64url JSON objects. PASETO tokens and API keys that hold
 * dots do not have it. What stands between their dots may be equal in all of them, so they are digested whole.
 *
 * One token can be written in several ways, and each must have the same digest: see {@link canonicalForm}.
 */
export function readToken(token: string): ReadToken {
  const parts = token.split('.', 6);
  if (parts.length === 3 && isHeader(parts[0]!)) {
    const claims = jsonIn(parts[1]!);
    if (isRecord(claims)) {
      return { claims, digest: digest(canonicalForm(parts)) };
    }
  }
  const isOpaque = parts.length !== encryptedParts || !isEncrypted(jsonIn(parts[0]!));
  return {
    claims: noClaims,
    digest: digest(isOpaque ? canonicalPaseto(token) : canonicalForm(parts)),
  };
}

/** Most tokens of an application have the same header. A copy, which does not keep the token. */
let lastHeader: string | undefined;

function isHeader(part: string): boolean {
  if (part !== lastHeader) {
    if (!isRecord(jsonIn(part))) {
      return false;
    }
    lastHeader = ownCopy(part);
  }
  return true;
}

function digest(text: string): string {
  return `sha256:${hash('sha256', text, 'base64url')}`;
}

/** Parts of a JWE in compact form (RFC 7516 §3.1). */
export const encryptedParts = 5;

/** Characters of a signature that name a token: 96 bits, which only the holder of the token knows. */
const namingLength = 16;

/**
 * The one form of a token that a client can write in several ways. The header, and the claims of a JWS, are signed as they stand,
 * but decoders skip padding, white space and spare bits in all other parts. Of either of the two signatures that ECDSA has for one
 * text the first half is equal. The beginning of the signature counts: without it anyone could make up a text with the digest of
 * another person's token.
 */
export function canonicalForm(parts: readonly string[]): string {
  const signature = canonical(parts.at(-1)!, namingLength);
  const isJwe = parts.length === encryptedParts;
  const others = parts.slice(0, -1);
  const signed = isJwe
    ? others.map((part, index) => (index === 0 ? part : canonical(part)))
    : others;
  return `${signed.join('.')}.${signature}`;
}

function canonical(part: string, length?: number): string {
  // Spare bits are in the last character only.
  const isPlain = plainBase64url.test(part) && (part.length % 4 === 0 || part.length > length!);
  const plain = isPlain ? part : Buffer.from(part, 'base64url').toString('base64url');
  return plain.slice(0, length);
}

const paseto = /^(v\d\.(?:local|public))\.([^.]+)(?:\.([^.]+))?$/;

/** The spare bits of the last character of a PASETO token do not count either. Every other token is left as it is. */
function canonicalPaseto(token: string): string {
  const [, purpose, payload, footer = ''] = paseto.exec(token) ?? [];
  return purpose === undefined
    ? token
    : [purpose, canonical(payload!), canonical(footer)].join('.');
}

/** Whether a header is that of a JWE (RFC 7516 §4.1.2). */
export function isEncrypted(header: unknown): boolean {
  return isRecord(header) && typeof header['enc'] === 'string';
}

/** The JSON of a part. Few texts get as far as `JSON.parse`, since its exceptions are slow. */
export function jsonIn(part: string): unknown {
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
