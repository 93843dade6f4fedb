import { IncomingMessage, type IncomingHttpHeaders } from 'node:http';
import type { Credential, CredentialContent } from '../credentials/credential.js';
import type { OriginalParts } from '../credentials/redaction.js';
import { noTokenPlaces, type TokenPlaces } from '../credentials/token-places.js';
import type { AbortableAttempt } from './abortable-attempt.js';
import { setClientFacts, type ClientFacts } from './client-facts.js';
import { addExpressMembers, setSite } from './express-members.js';
import { noSite, type Site } from './middleware-application.js';
import type { StrategyQuery } from './parse-query.js';
import { giveEmptyBody, PlainRequest } from './plain-request.js';

/** The request that strategies see: a derivation of the real one, with what Express adds. */
export interface StrategyRequest extends IncomingMessage {
  originalUrl: string;
  query: StrategyQuery;
  /** The same on Socket.IO, where the real one is redacted. */
  _query?: StrategyQuery;
  body: object;
  /** Aborts when the result of the strategy is not needed any more. */
  readonly signal: AbortSignal;
}

/** What the request of a strategy is made of. */
export interface StrategyRequestParts {
  /** The real one, redacted, or what middleware has worked on. */
  readonly request: IncomingMessage;
  /** What the client sent, as middleware left it. */
  readonly original: OriginalParts;
  readonly client: ClientFacts;
  readonly credential: Credential;
  readonly attempt: AbortableAttempt;
  /** What `ip`, `protocol`, `host` and `app` depend on. */
  readonly site?: Site;
  /** Where strategies find a token, besides `Authorization`. */
  readonly places?: TokenPlaces;
}

const emptyBody = Object.freeze({});

/**
 * Derives the request for one credential: the credential stands where strategies look for it. A token is presented in
 * `Authorization`, and in the places that the extractors of the gateway name, whichever way it came: a strategy that reads
 * `req.cookies.jwt` finds the token of a first message, too.
 *
 * An explicit credential hides the cookies that the client sent: a page of another site can send one with a bogus token,
 * and what a strategy would find in its cookies has not been checked against the origin.
 */
export function strategyRequest(parts: StrategyRequestParts): StrategyRequest {
  const { request, original, client, credential, attempt, site, places = noTokenPlaces } = parts;
  const { content } = credential;
  const derived = (
    PlainRequest.canCopy(request) ? new PlainRequest(request, attempt) : derive(request, attempt)
  ) as StrategyRequest;
  const token = 'token' in content ? content.token : undefined;
  const url = content.scheme === 'request' ? original.url : urlWith(original, token, places);
  derived.headers = headersFor(content, original.headers);
  derived.url = url;
  derived.originalUrl = url;
  derived.query = (site ?? noSite).parseQuery(url);
  if ('_query' in request) {
    derived._query = derived.query;
  }
  derived.body = content.scheme === 'fields' ? content.body : emptyBody;
  if (token !== undefined) {
    presentToken(derived, token, places);
  }
  setClientFacts(derived, client);
  setSite(derived, site);
  return derived;
}

function urlWith(
  { bareUrl }: OriginalParts,
  token: string | undefined,
  { queryParams }: TokenPlaces,
): string {
  if (token === undefined || queryParams.length === 0) {
    return bareUrl;
  }
  const value = encodeURIComponent(token);
  const params = queryParams.map((name) => `${encodeURIComponent(name)}=${value}`).join('&');
  return `${bareUrl}${bareUrl.includes('?') ? '&' : '?'}${params}`;
}

/** Puts the token into the cookies. Middleware may have parsed them before. */
function presentToken(request: StrategyRequest, token: string, { cookies }: TokenPlaces): void {
  if (cookies.length > 0) {
    const value = encodeURIComponent(token);
    request.headers.cookie = cookies.map((name) => `${name}=${value}`).join('; ');
    const base: object = Object.getPrototypeOf(request);
    const parsed = Object.getOwnPropertyDescriptor(base, 'cookies')?.value as object | undefined;
    if (parsed) {
      const presented = Object.fromEntries(cookies.map((name) => [name, token]));
      Object.assign(request, { cookies: { ...parsed, ...presented } });
    }
  }
}

/** Keeps what middleware, or another listener, has put on the request. */
function derive(request: IncomingMessage, attempt: AbortableAttempt): object {
  const derived = Object.create(request) as IncomingMessage;
  giveEmptyBody(derived);
  addExpressMembers(derived);
  return Object.defineProperty(derived, 'signal', { get: () => attempt.signal });
}

/**
 * The header fields, with the credential instead of what the client sent. They are put together one by one: a copy by `{ ...original }`
 * is fast, but V8 takes a microsecond for each field that is added to it.
 */
function headersFor(
  content: CredentialContent,
  original: IncomingHttpHeaders,
): IncomingHttpHeaders {
  if (content.scheme === 'request') {
    return { ...original };
  }
  const headers: IncomingHttpHeaders = {};
  for (const name of Object.keys(original)) {
    if (name !== 'authorization' && name !== 'cookie') {
      headers[name] = original[name];
    }
  }
  if (content.scheme === 'fields') {
    // A first message is the body of the request, so strategies that ask `req.is('json')` are answered as over HTTP.
    headers['content-type'] = 'application/json';
    headers['transfer-encoding'] = 'chunked';
  }
  const authorization = authorizationFor(content);
  if (authorization !== undefined) {
    headers.authorization = authorization;
  }
  return headers;
}

function authorizationFor(content: Exclude<CredentialContent, { scheme: 'request' }>) {
  switch (content.scheme) {
    case 'Bearer':
      return `Bearer ${content.token}`;
    case 'Basic':
      return basicAuthorization(content.username, content.password);
    case 'fields':
      return content.token === undefined ? undefined : `Bearer ${content.token}`;
  }
}

export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
