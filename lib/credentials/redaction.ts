import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { redactCookies } from './cookies.js';
import { ownCopy } from '../protocol/own-copy.js';
import type { RedactedPlaces, WsCredentialExtractor } from './extractor.js';
import { queryPairs, rootOfParam } from './query.js';

/** What stands where a credential stood. It is a token, so it fits into every place. */
const redacted = 'REDACTED';

const subprotocolField = 'sec-websocket-protocol';

/** All places of one policy. */
export interface Redaction {
  readonly headers: ReadonlySet<string>;
  readonly queryParams: ReadonlySet<string>;
  readonly cookies: readonly string[] | 'all';
  readonly subprotocolPrefixes: readonly string[];
  readonly subprotocolsAfter: readonly string[];
}

/** Joins the places of all extractors. `Authorization` is hidden even where nothing reads it. */
export function redactionOf(extractors: readonly WsCredentialExtractor[]): Redaction {
  const places: readonly RedactedPlaces[] = extractors.map(({ redacts }) => redacts);
  const all = places.some(({ cookies }) => cookies === 'all');
  return Object.freeze({
    headers: new Set([
      'authorization',
      'proxy-authorization',
      // One of an application may write them as its clients do.
      ...places.flatMap(({ headers = [] }) => headers.map((name) => name.toLowerCase())),
    ]),
    // The parameter of RFC 6750 §2.3 holds a token also where nothing reads it.
    queryParams: new Set([
      'access_token',
      ...places.flatMap(({ queryParams = [] }) => queryParams),
    ]),
    cookies: all ? 'all' : places.flatMap(({ cookies = [] }) => cookies),
    // An entry of this form is a token also where nothing reads it, and must not be answered.
    subprotocolPrefixes: [
      ...new Set([
        'bearer.',
        ...places.flatMap(({ subprotocolPrefixes = [] }) => subprotocolPrefixes),
      ]),
    ],
    subprotocolsAfter: places.flatMap(({ subprotocolsAfter = [] }) => subprotocolsAfter),
  });
}

/** The parts of a request as the client sent them, for strategies only. */
export interface OriginalParts {
  readonly url: string;
  /** The URL without the parameters that hold credentials. */
  readonly bareUrl: string;
  readonly headers: IncomingHttpHeaders;
}

/**
 * Removes the credential from a request, in place, so that no handler, logger or exception filter can come across it,
 * and returns what was there for the strategies.
 */
export function redactRequest(request: IncomingMessage, redaction: Redaction): OriginalParts {
  const { url = '', headers, rawHeaders } = request;
  const { redactedUrl, bareUrl } = withoutParams(url, redaction.queryParams);
  // What is cut out of a URL would keep the URL.
  request.url = redactedUrl === url ? url : ownCopy(redactedUrl);
  let changed: Set<string> | undefined;
  let earlierEntries = '';
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase();
    const value = rawHeaders[index + 1]!;
    const replacement = redactField(name, value, redaction, earlierEntries);
    if (replacement !== value) {
      rawHeaders[index + 1] = ownCopy(replacement);
      (changed ??= new Set()).add(name);
    }
    if (name === subprotocolField) {
      earlierEntries = value;
    }
  }
  if (changed) {
    show(request, redactFields(headers, changed, redaction));
  }
  return { url, bareUrl, headers };
}

/** Once for each name: Node joins the lines of one field, so that to do it for each line would cost their square. */
function redactFields(
  headers: IncomingHttpHeaders,
  names: ReadonlySet<string>,
  redaction: Redaction,
): IncomingHttpHeaders {
  const shown = { ...headers };
  for (const name of names) {
    shown[name] = ownCopy(redactField(name, String(headers[name]), redaction));
  }
  return shown;
}

/** Node parses `headersDistinct` from `rawHeaders` on first use, and again after this. */
function show(request: IncomingMessage, headers: IncomingHttpHeaders): void {
  request.headers = headers;
  (request as { headersDistinct: unknown }).headersDistinct = null;
}

/** @param earlierEntries the line of subprotocols before: one list may stand on several lines */
function redactField(
  name: string,
  value: string,
  redaction: Redaction,
  earlierEntries = '',
): string {
  if (redaction.headers.has(name)) {
    return redacted;
  }
  if (name === 'cookie' && redaction.cookies.length > 0) {
    return redactCookies(value, redaction.cookies, redacted);
  }
  return name === subprotocolField ? redactSubprotocols(value, earlierEntries, redaction) : value;
}

function redactSubprotocols(value: string, earlierEntries: string, redaction: Redaction): string {
  const entries = entriesOf(value);
  const earlier = entriesOf(earlierEntries).at(-1);
  const shown = entries.map((entry, index) => {
    const before = index === 0 ? earlier : entries[index - 1];
    const prefix = tokenPrefixOf(entry, before, redaction);
    return prefix === undefined ? entry : prefix + redacted;
  });
  return shown.some((entry, index) => entry !== entries[index]) ? shown.join(', ') : value;
}

function entriesOf(list: string): string[] {
  return list.split(',').map((entry) => entry.trim());
}

/** What stands before the token in an entry that holds one; `undefined` for a real subprotocol. */
function tokenPrefixOf(
  entry: string,
  before: string | undefined,
  { subprotocolPrefixes, subprotocolsAfter }: Redaction,
): string | undefined {
  const prefix = subprotocolPrefixes.find((each) => entry.startsWith(each));
  const isBehind = before !== undefined && subprotocolsAfter.includes(before);
  return prefix ?? (isBehind ? '' : undefined);
}

/** Those of the offered subprotocols that hold no token, so that the server may answer them. */
export function realSubprotocols(offered: readonly string[], redaction: Redaction): string[] {
  const real = offered.filter(
    (entry, index) => tokenPrefixOf(entry, offered[index - 1], redaction) === undefined,
  );
  // The one that is chosen lives as long as its connection.
  return real.length === offered.length ? real : real.map(ownCopy);
}

function withoutParams(url: string, queryParams: ReadonlySet<string>) {
  const mark = url.indexOf('?');
  if (mark === -1) {
    return { redactedUrl: url, bareUrl: url };
  }
  const query = url.slice(mark + 1);
  const names = queryPairs(query).map(({ name }) => name);
  const hidden = names.map((name) => queryParams.has(name) || queryParams.has(rootOfParam(name)));
  if (!hidden.includes(true)) {
    return { redactedUrl: url, bareUrl: url };
  }
  const path = url.slice(0, mark);
  const pairs = query.split('&');
  const shown = pairs.map((pair, index) => (hidden[index] ? `${names[index]}=${redacted}` : pair));
  const bare = pairs.filter((_pair, index) => !hidden[index]);
  return {
    redactedUrl: `${path}?${shown.join('&')}`,
    bareUrl: bare.length === 0 ? path : `${path}?${bare.join('&')}`,
  };
}
