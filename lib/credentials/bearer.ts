import type { WsAuthCheck } from '../protocol/diagnosis.js';
import { isBearerToken } from '../protocol/header-syntax.js';
import { refusedBy, type Refusal } from '../protocol/refusal.js';
import { Credential, type CredentialOrigin } from './credential.js';
import type { CredentialLimits } from './extractor.js';
import { decodeQueryComponent } from './query.js';

/**
 * Makes a Bearer credential of a token, or refuses one that could not stand in an `Authorization` header, or is too large. For
 * `find()` of an extractor of the application.
 *
 * @example
 * ```ts
 * const origin = { extractor: 'fromAppSync', ambient: false, strategy: undefined };
 * const credential = bearerCredential(token, limits, origin);
 * ```
 * @publicApi
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-2.1 RFC 6750 §2.1}
 */
export function bearerCredential(
  token: string,
  { maxCredentialBytes }: CredentialLimits,
  origin: CredentialOrigin,
): Credential | Refusal {
  if (Buffer.byteLength(token) > maxCredentialBytes) {
    return tooLarge(origin);
  }
  return isBearerToken(token)
    ? new Credential({ scheme: 'Bearer', token }, origin)
    : malformedToken(token, origin);
}

/**
 * The refusal of a place that holds something malformed: 400, or close code 3000. For `find()` of an extractor of the application.
 *
 * @example
 * ```ts
 * const refusal = malformedCredential({ extractor: 'fromAppSync' });
 * ```
 * @publicApi
 */
export function malformedCredential({ extractor }: Pick<CredentialOrigin, 'extractor'>): Refusal {
  return refusedBy('token-syntax', 'ERR_WS_AUTH_MALFORMED_CREDENTIAL', { extractor });
}

/** The refusal of what is larger than `maxCredentialBytes`. */
export function tooLarge({ extractor }: FoundBy): Refusal {
  return refusedBy('size', 'ERR_WS_AUTH_CREDENTIAL_TOO_LARGE', { extractor });
}

/** The refusal of a text that cannot stand behind `Bearer `. Its check is the most likely mistake of the client. */
export function malformedToken(token: string, { extractor }: FoundBy): Refusal {
  return refusedBy(mistakeIn(token), 'ERR_WS_AUTH_MALFORMED_CREDENTIAL', { extractor });
}

/** Where a token was found. */
type FoundBy = Pick<CredentialOrigin, 'extractor'>;

const mistakes: readonly (readonly [RegExp, WsAuthCheck])[] = [
  [/^$/, 'token-empty'],
  [/^\s|\s$/, 'token-whitespace'],
  [/^(?:bearer|jwt|token|basic)\s/i, 'token-scheme'],
  [/^["']|["']$/, 'token-quotes'],
];

function mistakeIn(token: string): WsAuthCheck {
  return mistakes.find(([pattern]) => pattern.test(token))?.[1] ?? 'token-syntax';
}

/**
 * Makes one of the values that stand under one name, as sent. None, or an empty one, counts as no credential; two are refused,
 * since which one counts would be an accident.
 */
export function onlyBearerCredential(
  values: readonly string[],
  limits: CredentialLimits,
  origin: CredentialOrigin,
): Credential | Refusal | undefined {
  const [value] = values;
  if (value === undefined || (value === '' && values.length === 1)) {
    return undefined;
  }
  const token = values.length > 1 ? undefined : decodeQueryComponent(value);
  if (token !== undefined) {
    return bearerCredential(token, limits, origin);
  }
  const check = values.length > 1 ? 'token-repeated' : 'token-encoding';
  const { extractor } = origin;
  return refusedBy(check, 'ERR_WS_AUTH_MALFORMED_CREDENTIAL', { extractor });
}
