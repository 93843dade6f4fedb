import { isUtf8 } from 'node:buffer';

/** A parameter of a query: the name decoded, the value as sent. */
export interface QueryPair {
  readonly name: string;
  readonly value: string;
}

/**
 * Splits a query at `&`. A name that does not decode is kept as sent, and so matches no configured one.
 */
export function queryPairs(query: string): QueryPair[] {
  if (query === '') {
    return [];
  }
  return query.split('&').map((pair) => {
    const equals = pair.indexOf('=');
    const name = equals === -1 ? pair : pair.slice(0, equals);
    return {
      name: decodeQueryComponent(name) ?? name,
      value: equals === -1 ? '' : pair.slice(equals + 1),
    };
  });
}

/** The name before the brackets: some parsers make `a[b]=1` and `a[]=1` a field of `a`. */
export function rootOfParam(name: string): string {
  const bracket = name.indexOf('[');
  return bracket > 0 ? name.slice(0, bracket) : name;
}

const notEscaped = /%(?![0-9A-Fa-f]{2})/;
const escapedNotAscii = /%[89A-Fa-f]/;
const escapedOrNotAscii = /%([0-9A-Fa-f]{2})|[^\0-\x7f]/g;

/**
 * Percent-decodes strictly: a bare `%` or bytes that are not UTF-8 give `undefined`, where `URLSearchParams` would
 * quietly put U+FFFD. A plus sign stays a plus sign, as it is one in base64.
 *
 * Nothing is thrown and caught on the way: that costs several microseconds, and a query has room for thousands of names that do
 * not decode.
 */
export function decodeQueryComponent(value: string): string | undefined {
  if (!value.includes('%')) {
    return value;
  }
  const isValid =
    !notEscaped.test(value) && (!escapedNotAscii.test(value) || isUtf8(escapedBytes(value)));
  return isValid ? decodeURIComponent(value) : undefined;
}

/** The bytes that the escapes stand for. A character that needs no escape is of no interest, and separates them. */
function escapedBytes(value: string): Buffer {
  return Buffer.from(value.replace(escapedOrNotAscii, toCharacter), 'latin1');
}

function toCharacter(_match: string, hex = '78'): string {
  return String.fromCharCode(Number.parseInt(hex, 16));
}
