import { isRecord } from '../protocol/message.js';
import { jwtsIn, maxTokens } from './jwt-search.js';
import { jsonIn, readToken } from './jwt.js';

/** A text of a request, and the name of its cookie, header field, parameter or field. */
export type NamedText = readonly [name: string, text: string];

/** The tokens that a text is a piece of, by the text. */
export type PiecedJwts = ReadonlyMap<string, ReadonlySet<string>>;

type Pieces = Map<string, Set<string>>;

/**
 * Finds the JWTs that a client sends in several pieces, as a strategy puts them together:
 *
 * - in numbered chunks, since a cookie has 4,096 bytes at most: `session.0` and `session.1` of Auth.js and Supabase;
 * - with the signature apart, in a cookie that the page cannot read;
 * - as JSON with a field for each part (RFC 7515 §7.2).
 */
export function jwtsInPieces(texts: readonly NamedText[]): PiecedJwts {
  const found: Pieces = new Map();
  for (const chunks of chunkedTexts(texts)) {
    const whole = new Set(chunks.flatMap(digestsIn));
    const joined = jwtsIn(chunks.join('')).filter((token) => !whole.has(readToken(token).digest));
    joined.forEach((token) => note(found, chunks, token));
  }
  collectParts(
    texts.map(([, text]) => text),
    found,
  );
  return found;
}

function note(found: Pieces, pieces: readonly string[], token: string): void {
  for (const piece of pieces) {
    found.set(piece, (found.get(piece) ?? new Set()).add(token));
  }
}

function digestsIn(text: string): string[] {
  return jwtsIn(text).map((token) => readToken(token).digest);
}

const digit = /\d/;
const separator = /[._-]/;
const maxDigits = 4;

/**
 * Takes the number off the end of a name, and what stands before it. No expression does so in time linear to a name of a client, which may
 * be one separator a thousand times.
 */
function numberedName(name: string): readonly [base: string, position: number] | undefined {
  let start = name.length;
  while (start > 0 && name.length - start < maxDigits && digit.test(name[start - 1]!)) {
    start -= 1;
  }
  let end = start;
  while (end > 0 && separator.test(name[end - 1]!)) {
    end -= 1;
  }
  return start === name.length ? undefined : [name.slice(0, end), Number(name.slice(start))];
}

/** Texts whose names are equal but for a number, in its order. The first chunk may have no number, or be no chunk. */
function* chunkedTexts(texts: readonly NamedText[]): Iterable<readonly string[]> {
  const groups = new Map<string, (readonly [number, string])[]>();
  for (const [name, text] of texts) {
    const numbered = numberedName(name);
    if (numbered) {
      const [base, position] = numbered;
      const group = groups.get(base) ?? [];
      groups.set(base, group);
      group.push([position, text]);
    }
  }
  const byName = new Map(groups.size === 0 ? [] : texts);
  for (const [base, group] of groups) {
    const chunks = group.toSorted(([one], [other]) => one - other).map(([, text]) => text);
    const first = byName.get(base);
    if (chunks.length > 1) {
      yield chunks;
    }
    if (first !== undefined) {
      yield [first, ...chunks];
    }
  }
}

/** A signature of 16 bytes or more. Texts of this form may be anything, such as another cookie. */
const signature = /^[\w+/-]{22,}=*$/;

/**
 * Joins parts that stand in texts of their own: a JSON object, or two behind each other, and a signature. Beyond the most that a
 * credential may consist of nothing is joined: the client is refused then.
 */
function collectParts(texts: readonly string[], found: Pieces): void {
  const objects = texts.filter(isObject);
  const beginnings = [...texts.filter(isUnsigned).map((text) => [text]), ...pairsOf(objects)];
  const ends =
    beginnings.length === 0
      ? []
      : texts.filter((text) => signature.test(text) && !isObject(text)).slice(0, maxTokens + 1);
  let left = maxTokens + 1;
  for (const beginning of beginnings) {
    for (const end of ends.slice(0, left)) {
      note(found, [...beginning, end], [...beginning, end].join('.'));
      left -= 1;
    }
  }
}

function isObject(text: string): boolean {
  return isRecord(jsonIn(text));
}

function isUnsigned(text: string): boolean {
  const parts = text.split('.', 3);
  return parts.length === 2 && parts.every(isObject);
}

/** Each header with each of the other objects. */
function pairsOf(objects: readonly string[]): (readonly string[])[] {
  const headers = objects.filter((text) => 'alg' in (jsonIn(text) as object));
  return headers.slice(0, maxTokens + 1).flatMap((header) =>
    objects
      .filter((each) => each !== header)
      .slice(0, maxTokens + 1)
      .map((claims) => [header, claims]),
  );
}
