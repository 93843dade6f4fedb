import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Credential, CredentialContent } from '../credentials/credential.js';
import { decodeQueryComponent, queryPairs } from '../credentials/query.js';
import type { AbortableAttempt } from './abortable-attempt.js';

/** The request that strategies see: a derivation of the real one, with what Express adds. */
export interface StrategyRequest extends IncomingMessage {
  originalUrl: string;
  query: Record<string, string | string[]>;
  body: object;
  /** Aborts when nobody waits for the strategy any more. */
  readonly signal: AbortSignal;
}

const emptyBody = Object.freeze({});

/**
 * Derives the request for one credential: the credential stands where strategies look for it, in `Authorization` (and
 * in `body`, if it came by message), and nowhere else. `passport-http-bearer`, for one, answers 400 to a token that is
 * both in the header and in the query.
 *
 * An explicit credential hides the cookies: any page can send one with a bogus token, and what a strategy would find in
 * its cookies has not been checked against the origin.
 *
 * @param base what the client sent, as middleware left it
 */
export function strategyRequest(
  base: IncomingMessage,
  bareUrl: string,
  credential: Credential,
  attempt: AbortableAttempt,
): StrategyRequest {
  const { content } = credential;
  const url = content.scheme === 'request' ? (base.url ?? '') : bareUrl;
  const derived: StrategyRequest = Object.create(base);
  derived.headers = headersFor(content, base.headers);
  derived.url = url;
  derived.originalUrl = url;
  derived.query = parseQuery(url);
  derived.body = content.scheme === 'fields' ? content.body : emptyBody;
  return Object.defineProperty(derived, 'signal', { get: () => attempt.signal });
}

function headersFor(
  content: CredentialContent,
  original: IncomingHttpHeaders,
): IncomingHttpHeaders {
  if (content.scheme === 'request') {
    return { ...original };
  }
  const authorization = authorizationFor(content);
  const { authorization: _hidden, cookie: _ambient, ...headers } = original;
  return authorization === undefined ? headers : { ...headers, authorization };
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

function parseQuery(url: string): Record<string, string | string[]> {
  const parsed: Record<string, string | string[]> = Object.create(null);
  const mark = url.indexOf('?');
  for (const { name, value } of queryPairs(mark === -1 ? '' : url.slice(mark + 1))) {
    const decoded = decodeQueryComponent(value) ?? value;
    const earlier = parsed[name];
    parsed[name] = earlier === undefined ? decoded : [earlier, decoded].flat();
  }
  return parsed;
}
