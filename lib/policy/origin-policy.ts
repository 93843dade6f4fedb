import type { IncomingMessage } from 'node:http';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { normalizeConfiguredOrigin, normalizeOrigin } from '../protocol/origin.js';
import { describe } from './check-option.js';
import type { AllowedOrigin, WsAuthPolicyOptions } from './policy-options.js';

/** What an origin is judged by. */
export interface OriginQuestion {
  readonly origin: string | undefined;
  /** The server's own origin as the client sees it. */
  readonly ownOrigin: () => string | undefined;
  /** Whether a browser attached the credential by itself. */
  readonly ambient: boolean;
  /** Whether the credential is a cookie. */
  readonly cookie: boolean;
  readonly request: IncomingMessage;
}

/** Answers whether a page of that origin may use the credential. */
export type OriginPolicy = (question: OriginQuestion) => boolean | Promise<boolean>;

/**
 * Compiles `allowedOrigins`.
 *
 * A missing `Origin` means "not a browser", as browsers send one with every WebSocket handshake, so machines pass; a
 * cookie without `Origin` does not, because no machine sends cookies by accident.
 *
 * @throws {WsAuthConfigurationError} for values that match nothing, or too much.
 */
export function originPolicy(
  allowed: WsAuthPolicyOptions['allowedOrigins'],
  ambient: boolean,
): OriginPolicy {
  if (typeof allowed === 'function') {
    return ({ origin, request }) => allowed(origin, request);
  }
  if (allowed === undefined) {
    return (question) => !question.ambient || isSameOrigin(question);
  }
  if (allowed === '*') {
    return anyOrigin(ambient);
  }
  return allowed === 'same-origin' ? isSameOrigin : listed(compileList(allowed));
}

function anyOrigin(ambient: boolean): OriginPolicy {
  if (ambient) {
    throw new WsAuthConfigurationError(
      `allowedOrigins: '*' lets every page use the credentials that a browser attaches by itself ` +
        `(cookie, HTTP Basic, fromRequest()); list the origins of your pages`,
    );
  }
  return () => true;
}

function isSameOrigin(question: OriginQuestion): boolean {
  if (question.origin === undefined) {
    return !question.cookie;
  }
  const origin = normalizeOrigin(question.origin);
  return origin !== undefined && origin === question.ownOrigin();
}

interface OriginList {
  readonly exact: ReadonlySet<string>;
  readonly patterns: readonly RegExp[];
}

function listed({ exact, patterns }: OriginList): OriginPolicy {
  return ({ origin, cookie }) => {
    if (origin === undefined) {
      return !cookie;
    }
    const normalized = normalizeOrigin(origin);
    // Every sandboxed page has the origin `null`: it is allowed by name only.
    return normalized === undefined
      ? origin === 'null' && exact.has(origin)
      : exact.has(normalized) || patterns.some((pattern) => pattern.test(normalized));
  };
}

function compileList(allowed: AllowedOrigin | readonly AllowedOrigin[]): OriginList {
  const entries: readonly unknown[] = Array.isArray(allowed) ? allowed : [allowed];
  if (entries.length === 0) {
    throw new WsAuthConfigurationError(
      'allowedOrigins: the list is empty; name an origin or leave it out',
    );
  }
  const exact = new Set<string>();
  const patterns: RegExp[] = [];
  for (const entry of entries) {
    if (entry instanceof RegExp) {
      patterns.push(wholeMatch(entry));
    } else {
      exact.add(exactOrigin(entry));
    }
  }
  return { exact, patterns };
}

/** `/example\.com/` would match `https://example.com.evil.net`. */
function wholeMatch(pattern: RegExp): RegExp {
  return new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace(/[gy]/g, ''));
}

function exactOrigin(entry: unknown): string {
  const origin = typeof entry === 'string' ? configured(entry) : undefined;
  if (origin === undefined) {
    const got = typeof entry === 'string' ? JSON.stringify(entry) : describe(entry);
    throw new WsAuthConfigurationError(
      `allowedOrigins: expected an origin such as 'https://app.example.com' (no path, no wildcard; ` +
        `use a RegExp for patterns), got ${got}`,
    );
  }
  return origin;
}

function configured(entry: string): string | undefined {
  return entry === 'null' ? entry : normalizeConfiguredOrigin(entry);
}
