import type { HandshakeExtractor } from './extractor.js';

/** Where the extractors of a gateway read tokens, besides `Authorization`. */
export interface TokenPlaces {
  readonly queryParams: readonly string[];
  readonly cookies: readonly string[];
}

export const noTokenPlaces: TokenPlaces = Object.freeze({
  queryParams: [],
  cookies: [],
});

/**
 * Joins the places that the extractors name; `Authorization` is where every token is presented.
 *
 * What `fromRequest()` names does not count: it may be a header field that a proxy vouches for, such as `X-Forwarded-User`, and
 * a client would forge it with a token of its choice.
 */
export function tokenPlacesOf(extractors: readonly HandshakeExtractor[]): TokenPlaces {
  const places = extractors
    .filter(({ place }) => place !== 'request')
    .map(({ redacts }) => redacts);
  return Object.freeze({
    queryParams: named(places.map(({ queryParams }) => queryParams)),
    cookies: named(places.map(({ cookies }) => cookies)),
  });
}

function named(lists: readonly (readonly string[] | 'all' | undefined)[]): string[] {
  return [...new Set(lists.flatMap((list) => (list === undefined || list === 'all' ? [] : list)))];
}
