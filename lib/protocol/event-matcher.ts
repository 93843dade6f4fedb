const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const letterU = 0x75;

/** By how much a byte changes the depth: `{` and `[`, `}` and `]`. */
const depthChange = new Int8Array(256);
for (const [open, close] of ['{}', '[]']) {
  depthChange[open!.charCodeAt(0)] = 1;
  depthChange[close!.charCodeAt(0)] = -1;
}
const space: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** What stands after a backslash, and the character it means. */
const shortEscapes: ReadonlyMap<number, number> = new Map(
  Object.entries({
    '"': '"',
    '\\': '\\',
    '/': '/',
    b: '\b',
    f: '\f',
    n: '\n',
    r: '\r',
    t: '\t',
  }).map(([letter, meaning]) => [letter.charCodeAt(0), meaning.charCodeAt(0)]),
);

/** A character of a name: as it stands in UTF-8, and as the code units that escapes write. */
interface Spelling {
  readonly raw: Buffer;
  readonly units: readonly number[];
}

const eventKey = spellingsOf('event');

/**
 * Recognises the messages of one event, `{"event":name,…}`, from their bytes.
 *
 * JSON has many spellings of one text: escapes, white space, and repeated keys, of which the last counts. All are recognised as
 * `JSON.parse` reads them, but the message is not parsed: that would cost every message with an escape as much as its handler.
 * A text that is not JSON may be recognised as well.
 */
export class EventMatcher {
  readonly #literal: Buffer;
  readonly #escape: Buffer;
  readonly #name: readonly Spelling[];

  constructor(name: string) {
    this.#name = spellingsOf(name);
    this.#literal = Buffer.from(JSON.stringify(name));
    // Letters and digits have one escape, `\u`; a quote, a slash or a line break has more.
    this.#escape = Buffer.from(/^[\w.:-]+$/.test(name) ? '\\u' : '\\');
  }

  /** Whether the outermost object of the message names this event. */
  matches(bytes: Buffer): boolean {
    return (bytes.includes(this.#literal) || bytes.includes(this.#escape)) && this.#scan(bytes);
  }

  /** Reads the message once: strings are skipped, and the values of `event` at depth 1 are compared. */
  #scan(bytes: Buffer): boolean {
    let depth = 0;
    let matched = false;
    let position = 0;
    while (position < bytes.length) {
      const byte = bytes[position]!;
      if (byte !== quote) {
        depth += depthChange[byte]!;
        position += 1;
        continue;
      }
      const end = endOfString(bytes, position);
      const next = depth === 1 ? skipSpace(bytes, end) : end;
      if (depth === 1 && bytes[next] === colon && spells(bytes, position, eventKey)) {
        matched = spells(bytes, skipSpace(bytes, next + 1), this.#name);
      }
      position = next;
    }
    return matched;
  }
}

function spellingsOf(text: string): Spelling[] {
  return Array.from(text, (character) => ({
    raw: Buffer.from(character),
    units: Array.from({ length: character.length }, (_, index) => character.charCodeAt(index)),
  }));
}

/** Bytes after which a native search for the closing quote is faster than a loop. */
const nearBytes = 64;

/** Position after the closing quote of the string that begins there. Long strings are skipped natively, quote by quote. */
function endOfString(bytes: Buffer, start: number): number {
  let position = start + 1;
  while (position < bytes.length) {
    const far = position + nearBytes;
    while (position < far && bytes[position] !== quote) {
      position += bytes[position] === backslash ? 2 : 1;
    }
    const next = bytes.indexOf(quote, position);
    if (next === -1) {
      break;
    }
    if (!isEscaped(bytes, position, next)) {
      return next + 1;
    }
    position = next + 1;
  }
  return bytes.length;
}

/** Whether an odd number of backslashes stands before the position, from a start that is not escaped itself. */
function isEscaped(bytes: Buffer, start: number, position: number): boolean {
  let first = position;
  while (first > start && bytes[first - 1] === backslash) {
    first -= 1;
  }
  return (position - first) % 2 === 1;
}

function skipSpace(bytes: Buffer, start: number): number {
  let position = start;
  while (space.has(bytes[position]!)) {
    position += 1;
  }
  return position;
}

/** Whether a string that means this text begins there. */
function spells(bytes: Buffer, start: number, text: readonly Spelling[]): boolean {
  if (bytes[start] !== quote) {
    return false;
  }
  let position = start + 1;
  for (const character of text) {
    const length = lengthOf(character, bytes, position);
    if (length === 0) {
      return false;
    }
    position += length;
  }
  return bytes[position] === quote;
}

/** Bytes in which the character is spelled there; 0 if it is another. */
function lengthOf({ raw, units }: Spelling, bytes: Buffer, start: number): number {
  if (bytes[start] !== backslash) {
    return raw.every((byte, index) => bytes[start + index] === byte) ? raw.length : 0;
  }
  let position = start;
  for (const unit of units) {
    if (bytes[position] !== backslash || escapedUnit(bytes, position + 1) !== unit) {
      return 0;
    }
    position += bytes[position + 1] === letterU ? 6 : 2;
  }
  return position - start;
}

/** The code unit that an escape means, from the byte after its backslash. */
function escapedUnit(bytes: Buffer, start: number): number | undefined {
  return bytes[start] === letterU
    ? Number.parseInt(bytes.toString('latin1', start + 1, start + 5), 16)
    : shortEscapes.get(bytes[start]!);
}
