import { decodeQueryComponent, queryPairs } from '../credentials/query.js';

/** `query` of a request: texts and lists of texts, or what the `query parser` of an application makes of them. */
export type StrategyQuery = Record<string, unknown>;

/**
 * Parses the query of a URL into texts, or lists of texts for names that are repeated, as Express does. A plus sign is a space.
 *
 * One pass: a name that is repeated is appended to, since copying its values each time would cost their square.
 */
export function parseQuery(url: string): Record<string, string | string[]> {
  const parsed: Record<string, string | string[]> = Object.create(null);
  const mark = url.indexOf('?');
  const query = mark === -1 ? '' : url.slice(mark + 1).replaceAll('+', ' ');
  for (const { name, value } of queryPairs(query)) {
    const decoded = decodeQueryComponent(value) ?? value;
    const earlier = parsed[name];
    if (earlier === undefined) {
      parsed[name] = decoded;
    } else if (typeof earlier === 'string') {
      parsed[name] = [earlier, decoded];
    } else {
      earlier.push(decoded);
    }
  }
  return parsed;
}
