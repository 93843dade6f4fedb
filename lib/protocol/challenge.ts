import { quotedString } from './header-syntax.js';

/** Authentication schemes this package can ask for by itself. */
export type ChallengeScheme = 'Basic' | 'Bearer';

/** What went wrong, in the words of {@link https://www.rfc-editor.org/rfc/rfc6750#section-3.1 RFC 6750 §3.1}. */
export type BearerError = 'invalid_request' | 'invalid_token' | 'insufficient_scope';

const bearerErrors: ReadonlySet<string> = new Set<BearerError>([
  'invalid_request',
  'invalid_token',
  'insufficient_scope',
]);

/** `auth-param` in printable ASCII, with a quoted or a plain value. */
const param = String.raw`[\w!#$%&'*+.^|~-]+ *= *(?:[\w!#$%&'*+.^|~/:-]+|"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*")`;

/**
 * `scheme 1*SP #auth-param` (RFC 9110 §11.6.1): all that may enter a header line. Strategies also pass
 * sentences for a login page to `fail()`, and those are none of the peer's business.
 */
const wellFormed = new RegExp(`^([A-Za-z][A-Za-z0-9-]*) +${param}(?: *, *${param})*$`);
const errorParam = /(?:^|[ ,])error="([a-z_]+)"/;
const scopeParam = /(?:^|[ ,])scope="([\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*)"/;

/**
 * `Basic realm="…", charset="UTF-8"`. Browsers send the user information of a URL only after it.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7617#section-2.1 RFC 7617 §2.1}
 */
function basicChallenge(realm: string): string {
  return `Basic realm=${quotedString(realm)}, charset="UTF-8"`;
}

function bearerChallenge(realm: string, error?: BearerError, scope?: string): string {
  const errorPart = error ? `, error="${error}"` : '';
  const scopePart = scope ? `, scope="${scope}"` : '';
  return `Bearer realm=${quotedString(realm)}${errorPart}${scopePart}`;
}

/** The error code a strategy put into a Bearer challenge, if it is one of the registered ones. */
export function bearerErrorOf(challenge: unknown): BearerError | undefined {
  const found = typeof challenge === 'string' ? errorParam.exec(challenge)?.[1] : undefined;
  return found !== undefined && bearerErrors.has(found) ? (found as BearerError) : undefined;
}

/** What a 401 or 403 asks for. */
export interface ChallengeRequest {
  readonly realm: string;
  /** Schemes of the policy; they are always offered. */
  readonly schemes: readonly ChallengeScheme[];
  /** Whatever the strategies passed to `fail()`. */
  readonly fromStrategies: readonly unknown[];
  /** Absent when the request held no credential (RFC 6750 §3.1). */
  readonly bearerError?: BearerError | undefined;
}

/**
 * The `WWW-Authenticate` values of a refusal, one per scheme.
 *
 * Basic and Bearer are written anew from validated parts, so that no text of a strategy (a token in an error
 * description, a line break) reaches the wire. Other schemes, such as Digest, pass when they are well formed.
 */
export function challengesFor(request: ChallengeRequest): string[] {
  const { realm, schemes, fromStrategies } = request;
  const foreign = new Map<string, string>();
  let bearer: string | undefined;
  for (const challenge of fromStrategies) {
    const scheme = schemeOf(challenge);
    if (scheme === 'bearer') {
      bearer ??= challenge as string;
    } else if (scheme !== undefined && scheme !== 'basic' && !foreign.has(scheme)) {
      foreign.set(scheme, challenge as string);
    }
  }
  const own = foreign.size > 0 || schemes.length > 0 ? schemes : (['Bearer'] as const);
  return [
    ...own.map((scheme) =>
      scheme === 'Basic'
        ? basicChallenge(realm)
        : bearerChallenge(
            realm,
            bearerErrorOf(bearer) ?? request.bearerError,
            bearer === undefined ? undefined : scopeParam.exec(bearer)?.[1],
          ),
    ),
    ...foreign.values(),
  ];
}

function schemeOf(challenge: unknown): string | undefined {
  return typeof challenge === 'string' ? wellFormed.exec(challenge)?.[1]?.toLowerCase() : undefined;
}
