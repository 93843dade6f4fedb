import type { HandshakeExtractor } from './extractor.js';

/** Where the extractors of a gateway read tokens, besides `Authorization`. */
export interface TokenPlaces {
  /** Header fields, in lower case. */
  readonly headers: readonly string[];
  readonly queryParams: readonly string[];
  readonly cookies: readonly string[];
}

export const noTokenPlaces: TokenPlaces = Object.freeze({
  headers: [],
  queryParams: [],
  cookies: [],
});

/** Fields in which a token never stands alone. */
const ownForm: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization', 'cookie']);

/** Joins the places that the extractors name; `Authorization` is where every token is presented. */
export function tokenPlacesOf(extractors: readonly HandshakeExtractor[]): TokenPlaces {
  const places = extractors.map(({ redacts }) => redacts);
  return Object.freeze({
    headers: named(places.map(({ headers }) => headers)).filter((name) => !ownForm.has(name)),
    queryParams: named(places.map(({ queryParams }) => queryParams)),
    cookies: named(places.map(({ cookies }) => cookies)),
  });
}

function named(lists: readonly (readonly string[] | 'all' | undefined)[]): string[] {
  return [...new Set(lists.flatMap((list) => (list === undefined || list === 'all' ? [] : list)))];
}
