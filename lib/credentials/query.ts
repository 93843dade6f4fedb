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

/**
 * Percent-decodes strictly: a bare `%` or bytes that are not UTF-8 give `undefined`, where `URLSearchParams` would
 * quietly put U+FFFD. A plus sign stays a plus sign, as it is one in base64 and in token68.
 */
export function decodeQueryComponent(value: string): string | undefined {
  if (!value.includes('%')) {
    return value;
  }
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
