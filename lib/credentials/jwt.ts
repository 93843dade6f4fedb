import { hash } from 'node:crypto';
import { isRecord } from '../protocol/message.js';

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
/** A signature may also be written in the alphabet of base64, and padded. An equals sign before a token belongs to a name. */
const notOfToken = /[^\w.+/=-]+|=(?=[\w-])/;
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

/** Parts of a JWE in compact form (RFC 7516 §3.1). */
const encryptedParts = 5;

/** Characters of a signature that name a token: 96 bits, which only the holder of the token knows. */
const namingLength = 16;

/**
 * The one form of a token that a client can write in several ways. The header, and the claims of a JWS, are signed as they stand,
 * but decoders skip padding, white space and spare bits in all other parts. Of either of the two signatures that ECDSA has for one
 * text the first half is equal. The beginning of the signature counts: without it anyone could make up a text with the digest of
 * another person's token.
 */
function canonicalForm(parts: readonly string[]): string {
  const [header, ...others] = parts;
  const signature = canonical(others.pop()!, namingLength);
  const signed = parts.length === encryptedParts ? others.map((part) => canonical(part)) : others;
  return [header, ...signed, signature].join('.');
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

/** Most tokens that one credential may consist of. A client that sends more is refused, since each costs memory. */
export const maxTokens = 16;

/**
 * Finds the JWTs in a text, such as a header field, a URL or a list of cookies, in time linear to its length. It returns at most
 * one more than {@link maxTokens}.
 *
 * A client may escape any character, and one escape that is not valid must not hide the others. White space may stand in a
 * signature, and in every part of a JWE but the first.
 */
export function jwtsIn(text: string): readonly string[] {
  const found = new Map<string, string>();
  if (text.includes('.') || wrapped.test(text)) {
    const decoded = unescape(text);
    for (const each of new Set([text, decoded, withoutSpace(decoded)])) {
      collectAll(each, found, collectWrapped);
    }
  }
  return [...found.values()];
}

/** @param collectOther looks into what has no dots */
function collectAll(
  text: string,
  found: Map<string, string>,
  collectOther?: (run: string, found: Map<string, string>) => void,
): void {
  for (const run of text.split(notOfToken)) {
    if (run.includes('.')) {
      collectJwts(run.split('.'), found);
    } else {
      collectOther?.(run, found);
    }
  }
}

/** How base64 of JSON, and of a JWT, begins. */
const wrapped = /eyJ|ZXlK/;

/** Cookies of sessions are often JSON in base64, with the token in it. */
function collectWrapped(run: string, found: Map<string, string>): void {
  const start = run.search(wrapped);
  if (start !== -1) {
    collectAll(Buffer.from(run.slice(start), 'base64url').toString('latin1'), found);
  }
}

/** Percent-encoding, also of what was encoded before, and the escapes of JSON. */
const escape = /%(?:25)*([\dA-Fa-f]{2})|\\u00([\dA-Fa-f]{2})/g;
const mayBeEscaped = /%|\\u/;

/** Twice: the backslash of an escape may be encoded itself. */
function unescape(text: string): string {
  return mayBeEscaped.test(text)
    ? text.replace(escape, toCharacter).replace(escape, toCharacter)
    : text;
}

function toCharacter(_match: string, percent: string | undefined, json = percent!): string {
  return String.fromCharCode(Number.parseInt(json, 16));
}

const spacedPart = /\.[\w+/=-]*\s+[\w.+/=-]/;
const partWithSpace = /\.[\w+/=\s-]+/g;

/** Without the white space in what follows a dot, if there may be a token at all: `{` is `e` in base64url. */
function withoutSpace(text: string): string {
  return spacedPart.test(text) && /e[yw]/.test(text)
    ? text.replace(partWithSpace, (part) => part.replace(/\s+/g, ''))
    : text;
}

/** Other parts may stand before a JWT and behind it, such as the signature of a cookie. */
function collectJwts(parts: readonly string[], found: Map<string, string>): void {
  for (let index = 0; index + 2 < parts.length && found.size <= maxTokens; index += 1) {
    const [header, fields] = headerIn(parts[index]!) ?? [];
    const length = header === undefined ? 0 : lengthAt(parts, index, fields);
    if (length > 0) {
      const token = [header!, ...parts.slice(index + 1, index + length)];
      const form = canonicalForm(token);
      found.set(form, found.get(form) ?? token.join('.'));
      index += length - 1;
    }
  }
}

/** How many parts the token has whose header stands there; 0 without a token. */
function lengthAt(parts: readonly string[], index: number, header: unknown): number {
  if (isRecord(jsonIn(parts[index + 1]!))) {
    return 3;
  }
  const isWhole = isEncrypted(header) && index + encryptedParts <= parts.length;
  return isWhole ? encryptedParts : 0;
}

/** Whether a header is that of a JWE (RFC 7516 §4.1.2). */
function isEncrypted(header: unknown): boolean {
  return isRecord(header) && typeof header['enc'] === 'string';
}

/** The header of a JWT, which a prefix may stand before, and its content. `eyJ` is how `{"` begins in base64url. */
function headerIn(part: string): readonly [string, unknown] | undefined {
  const text = part.slice(startOfBase64url(part));
  const start = text.lastIndexOf('eyJ');
  for (const each of start > 0 ? [text, text.slice(start)] : [text]) {
    const fields = jsonIn(each);
    if (isRecord(fields)) {
      return [each, fields];
    }
  }
  return undefined;
}

/** Position after the last character that is not of base64url, such as the slash of a path. */
function startOfBase64url(part: string): number {
  return Math.max(part.lastIndexOf('/'), part.lastIndexOf('+')) + 1;
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
