import { isRecord } from '../protocol/message.js';
import { canonicalForm, encryptedParts, isEncrypted, jsonIn } from './jwt.js';

/** A signature may also be written in the alphabet of base64, and padded. An equals sign before a token belongs to a name. */
const notOfToken = /[^\w.+/=-]+|=(?=[\w-])/;

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
  if (mayHold.test(text)) {
    const decoded = unescape(text);
    for (const each of new Set([text, decoded, withoutSpace(decoded)])) {
      collectAll(each, found, collectWrapped);
    }
  }
  return [...found.values()];
}

/** Looks into a text that is not part of a token. */
type Collect = (text: string, found: Map<string, string>) => void;

function collectAll(text: string, found: Map<string, string>, collectOther: Collect): void {
  for (const run of text.split(notOfToken)) {
    collectJwts(run.split('.'), found, collectOther);
  }
}

/**
 * How `eyJ`, with which a JWT begins, is written in base64: its first character may be the first, second or third of a group of three
 * bytes.
 */
const wrapped = /ZXlK|[2GWm]V5S|leU[o-r]/g;

/** The same where it is in base64 twice. Each of the three forms has three forms again. */
const wrappedTwice = /WlhsS|pYbE|aWGxL|VjVT|Y1U|WNV|bGVV|xlV|sZV/g;

/** What a text without a token never holds. A client may escape the dots of a token, too. */
const mayHold = new RegExp(String.raw`[.%\\]|${wrapped.source}|${wrappedTwice.source}`);

/** What the two find, by the characters between the beginning of a group of base64 and it; 1 for all others. */
const atDistance: readonly (readonly [number, readonly string[]])[] = [
  [0, ['ZXlK', 'WlhsS', 'VjVT', 'bGVV']],
  [2, ['pYbE', 'Y1U', 'xlV']],
  [3, ['leUo', 'leUp', 'leUq', 'leUr', 'aWGxL', 'WNV', 'sZV']],
];

const distances: ReadonlyMap<string, number> = new Map(
  atDistance.flatMap(([distance, all]) => all.map((each) => [each, distance] as const)),
);

/** Characters of the shortest token in base64: a header and claims of a few bytes, and no signature. */
const shortestWrapped = 20;

/** Cookies of sessions are often JSON in base64, signed or not, with the token in it, which may be in base64 by itself. */
function collectWrapped(text: string, found: Map<string, string>): void {
  collectInner(text, found);
  // What is decoded may begin in the middle of a group itself, so all of it is.
  for (const start of startsOf(wrappedTwice, text, isTextAt)) {
    collectDecoded(text.slice(start % 4), found, collectInner);
  }
}

function collectInner(text: string, found: Map<string, string>): void {
  for (const start of startsOf(wrapped, text)) {
    collectDecoded(text.slice(start), found, ignore);
  }
}

function collectDecoded(text: string, found: Map<string, string>, collectOther: Collect): void {
  const decoded = Buffer.from(text, 'base64url').toString('latin1');
  collectAll(unescape(decoded), found, collectOther);
}

/** The first position of each alignment: what is decoded from there holds everything that follows in the same one. */
function startsOf(
  beginnings: RegExp,
  text: string,
  isBeginning: (text: string, start: number) => boolean = always,
): Iterable<number> {
  const starts = new Map<number, number>();
  // Most of what is decoded is no text, and falls into thousands of pieces.
  const found = text.length < shortestWrapped ? [] : text.matchAll(beginnings);
  for (const { 0: beginning, index } of found) {
    const start = index - (distances.get(beginning) ?? 1);
    if (start >= 0 && !starts.has(start % 4) && isBeginning(text, start)) {
      starts.set(start % 4, start);
    }
  }
  return starts.values();
}

function always(): boolean {
  return true;
}

const base64 = /^[\w+/=-]+$/;

/** Whether what stands there in base64 is base64 again, as far as a few characters show it: else a peer could have much decoded. */
function isTextAt(text: string, start: number): boolean {
  return base64.test(
    Buffer.from(text.slice(start + 4, start + 24), 'base64url').toString('latin1'),
  );
}

function ignore(): void {}

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
function collectJwts(
  parts: readonly string[],
  found: Map<string, string>,
  collectOther: Collect,
): void {
  for (let index = 0; index < parts.length && found.size <= maxTokens; index += 1) {
    const token = tokenAt(parts, index);
    if (token) {
      const form = canonicalForm(token);
      found.set(form, found.get(form) ?? token.join('.'));
      index += token.length - 1;
    } else {
      collectOther(parts[index]!, found);
    }
  }
}

/** The parts of the token that begins there, if one does. */
function tokenAt(parts: readonly string[], index: number): readonly string[] | undefined {
  const [header, fields] = (index + 2 < parts.length && headerIn(parts[index]!)) || [];
  const length = header === undefined ? 0 : lengthAt(parts, index, fields);
  return length === 0 ? undefined : [header!, ...parts.slice(index + 1, index + length)];
}

/** How many parts the token has whose header stands there; 0 without a token. */
function lengthAt(parts: readonly string[], index: number, header: unknown): number {
  if (isRecord(jsonIn(parts[index + 1]!))) {
    return 3;
  }
  const isWhole = isEncrypted(header) && index + encryptedParts <= parts.length;
  return isWhole ? encryptedParts : 0;
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
