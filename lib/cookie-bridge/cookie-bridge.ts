import type { IncomingMessage, ServerResponse } from 'node:http';
import { stringifySetCookie, type SerializeOptions } from 'cookie';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import {
  isCookieName,
  type CookieBridgeOptions,
  type CookieExtractor,
} from '../credentials/cookie.extractor.js';
import type { Policy } from '../policy/policy.js';
import { ownOrigin } from '../policy/proxy-trust.js';
import { isBearerToken } from '../protocol/header-syntax.js';
import { normalizeConfiguredOrigin, normalizeOrigin } from '../protocol/origin.js';
import { bridgePage, type BridgePage } from './bridge-page.js';
import { readBody } from './read-body.js';

/** The HTTP side of one cookie. */
export interface CookieBridge {
  readonly path: string;
  /** Answers a request for the path. */
  answer(request: IncomingMessage, response: ServerResponse): void;
}

/** A bridge whose options are checked. */
interface Bridge {
  readonly path: string;
  readonly cookie: string;
  readonly attributes: SerializeOptions;
  readonly parentOrigins: ReadonlySet<string>;
  readonly page: BridgePage;
  readonly policy: Policy;
}

/**
 * Makes the endpoint that lets pages of `parentOrigins` set the cookie of a gateway on another origin: by an iframe
 * (`GET`, then `postMessage`), or by a CORS `fetch` with credentials (`POST`, the token as `text/plain`).
 *
 * @throws {WsAuthConfigurationError} for options that are invalid or unsafe.
 */
export function cookieBridge(
  extractor: CookieExtractor,
  policy: Policy,
  gatewayPath: string,
): CookieBridge {
  const bridge = checkBridge(extractor, policy, gatewayPath);
  return {
    path: bridge.path,
    answer: (request, response) => {
      answer(bridge, request, response).catch(() => response.destroy());
    },
  };
}

function checkBridge(extractor: CookieExtractor, policy: Policy, gatewayPath: string): Bridge {
  const { cookie } = extractor;
  const options = extractor.bridge!;
  const parentOrigins = checkParents(options);
  const isPath = /^\/[\x21-\x22\x24-\x3e\x40-\x7e]*$/.test(options.path);
  if (!isPath || options.path.startsWith('//') || options.path === gatewayPath) {
    throw new WsAuthConfigurationError(
      'fromCookie.bridge.path: expected a path such as /ws/bridge that differs from the path of the gateway',
    );
  }
  if (!/^[\x20-\x3a\x3c-\x7e]*$/.test(gatewayPath)) {
    throw new WsAuthConfigurationError(
      'fromCookie.bridge: the path of the gateway cannot be the path of a cookie; leave out semicolons',
    );
  }
  if (!isCookieName(cookie)) {
    throw new WsAuthConfigurationError('fromCookie: the name of the cookie is not a token');
  }
  return {
    path: options.path,
    cookie,
    attributes: cookieAttributes(cookie, options, gatewayPath),
    parentOrigins,
    page: bridgePage([...parentOrigins]),
    policy,
  };
}

function checkParents({ parentOrigins }: CookieBridgeOptions): ReadonlySet<string> {
  const origins = parentOrigins.map((origin) => {
    const normalized = normalizeConfiguredOrigin(origin);
    if (normalized === undefined || normalized === 'null') {
      throw new WsAuthConfigurationError(
        `fromCookie.bridge.parentOrigins: expected exact origins such as 'https://app.example.com', got ${JSON.stringify(origin)}`,
      );
    }
    return normalized;
  });
  if (origins.length === 0) {
    throw new WsAuthConfigurationError(
      'fromCookie.bridge.parentOrigins: name the origins of your pages',
    );
  }
  return new Set(origins);
}

/** `Secure` is added per request where the gateway is reached over TLS. */
function cookieAttributes(
  cookie: string,
  { maxAgeMs, crossSite }: Required<CookieBridgeOptions>,
  gatewayPath: string,
): SerializeOptions {
  const prefixed = /^__(?:Host|Secure)-/i.test(cookie);
  return {
    httpOnly: true,
    maxAge: Math.floor(maxAgeMs / 1_000),
    path: /^__Host-/i.test(cookie) ? '/' : gatewayPath,
    ...(crossSite
      ? { sameSite: 'none', secure: true, partitioned: true }
      : { sameSite: 'strict', secure: prefixed }),
  };
}

async function answer(
  bridge: Bridge,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  prepare(response);
  switch (request.method) {
    case 'GET':
      sendPage(bridge.page, response);
      return;
    case 'POST':
      await setCookie(bridge, request, response);
      return;
    case 'OPTIONS':
      response.writeHead(allow(bridge, request, response) ? 204 : 403).end();
      return;
    default:
      response.writeHead(405, { Allow: 'GET, POST, OPTIONS' }).end();
  }
}

function prepare(response: ServerResponse): void {
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Vary', 'Origin');
}

function sendPage({ html, contentSecurityPolicy }: BridgePage, response: ServerResponse): void {
  response.writeHead(200, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': contentSecurityPolicy,
  });
  response.end(html);
}

async function setCookie(
  bridge: Bridge,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { maxCredentialBytes } = bridge.policy.limits;
  if (!allow(bridge, request, response)) {
    response.writeHead(403).end();
    return;
  }
  const token = await readBody(request, maxCredentialBytes);
  if (token === undefined || !isBearerToken(token)) {
    response.writeHead(token === undefined ? 413 : 400, { Connection: 'close' }).end();
    return;
  }
  const secure = bridge.attributes.secure === true || isEncrypted(bridge, request);
  const attributes = { ...bridge.attributes, secure, encode: cookieValueOf };
  response.setHeader('Set-Cookie', stringifySetCookie(bridge.cookie, token, attributes));
  response.writeHead(204).end();
}

/** `fromCookie()` decodes percent-encoding. The other two characters cannot stand in a cookie (RFC 6265bis §4.1.1). */
function cookieValueOf(token: string): string {
  return token.replace(/[%;\\]/g, encodeURIComponent);
}

/** Allows the iframe, which has the origin of the gateway, and the listed parents; a request without origin is refused. */
function allow(bridge: Bridge, request: IncomingMessage, response: ServerResponse): boolean {
  const origin = normalizeOrigin(request.headers.origin ?? '');
  if (origin !== undefined && bridge.parentOrigins.has(origin)) {
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Access-Control-Allow-Credentials', 'true');
    response.setHeader('Access-Control-Allow-Methods', 'POST');
    response.setHeader('Access-Control-Allow-Headers', 'Content-Type');
    return true;
  }
  return origin !== undefined && origin === originOf(bridge, request);
}

function isEncrypted(bridge: Bridge, request: IncomingMessage): boolean {
  return originOf(bridge, request)?.startsWith('https:') ?? false;
}

function originOf({ policy }: Bridge, request: IncomingMessage): string | undefined {
  return ownOrigin(request, request.headers.host ?? '', policy.trust);
}
