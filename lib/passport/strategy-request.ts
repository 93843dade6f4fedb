import { IncomingMessage, type IncomingHttpHeaders } from 'node:http';
import type { Credential, CredentialContent } from '../credentials/credential.js';
import type { OriginalParts } from '../credentials/redaction.js';
import type { ProxyTrust } from '../policy/proxy-trust.js';
import type { AbortableAttempt } from './abortable-attempt.js';
import { setClientFacts, type ClientFacts } from './client-facts.js';
import { addExpressMembers, setProxyTrust } from './express-members.js';
import { parseQuery } from './parse-query.js';
import { PlainRequest } from './plain-request.js';

/** The request that strategies see: a derivation of the real one, with what Express adds. */
export interface StrategyRequest extends IncomingMessage {
  originalUrl: string;
  query: Record<string, string | string[]>;
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
  /** Which proxies `ip`, `protocol` and `host` believe. */
  readonly trust?: ProxyTrust;
}

const emptyBody = Object.freeze({});

/**
 * Derives the request for one credential: the credential stands where strategies look for it, in `Authorization` (and
 * in `body`, if it came by message), and nowhere else. `passport-http-bearer`, for one, answers 400 to a token that is
 * both in the header and in the query.
 *
 * An explicit credential hides the cookies: any page can send one with a bogus token, and what a strategy would find in
 * its cookies has not been checked against the origin.
 */
export function strategyRequest(parts: StrategyRequestParts): StrategyRequest {
  const { request, original, client, credential, attempt, trust } = parts;
  const { content } = credential;
  const url = content.scheme === 'request' ? original.url : original.bareUrl;
  const derived = (
    PlainRequest.canCopy(request) ? new PlainRequest(request, attempt) : derive(request, attempt)
  ) as StrategyRequest;
  derived.headers = headersFor(content, original.headers);
  derived.url = url;
  derived.originalUrl = url;
  derived.query = parseQuery(url);
  derived.body = content.scheme === 'fields' ? content.body : emptyBody;
  setClientFacts(derived, client);
  setProxyTrust(derived, trust);
  return derived;
}

/** Keeps what middleware, or another listener, has put on the request. */
function derive(request: IncomingMessage, attempt: AbortableAttempt): object {
  const derived: object = Object.create(request);
  addExpressMembers(derived);
  return Object.defineProperty(derived, 'signal', { get: () => attempt.signal });
}

function headersFor(
  content: CredentialContent,
  original: IncomingHttpHeaders,
): IncomingHttpHeaders {
  const headers = { ...original };
  if (content.scheme === 'request') {
    return headers;
  }
  const authorization = authorizationFor(content);
  if (authorization !== undefined) {
    headers.authorization = authorization;
  } else if (headers.authorization !== undefined) {
    delete headers.authorization;
  }
  if (headers.cookie !== undefined) {
    delete headers.cookie;
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
