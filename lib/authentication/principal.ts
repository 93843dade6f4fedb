import type { Credential } from '../credentials/credential.js';
import type { Policy } from '../policy/policy.js';
import { isRecord } from '../protocol/message.js';

/** What a session needs to know of a user. */
export interface Principal {
  readonly user: object;
  readonly info: unknown;
  readonly userId: string | undefined;
  readonly expiresAt: number | undefined;
}

/**
 * Reads a principal from what a strategy returned, or returns `undefined` if that is not one: `false`, a string, an
 * expiry that is not a number. Getters that throw throw here, once, inside the attempt.
 */
export function readPrincipal(
  user: unknown,
  info: unknown,
  credential: Credential,
  policy: Policy,
): Principal | undefined {
  if (typeof user !== 'object' || user === null) {
    return undefined;
  }
  const expiresAt = policy.expiresAt
    ? policy.expiresAt(user as never, info)
    : defaultExpiresAt(user, info, credential);
  if (expiresAt !== undefined && !Number.isFinite(expiresAt)) {
    return undefined;
  }
  const userId = policy.userId ? policy.userId(user as never) : defaultUserId(user);
  return { user, info, userId, expiresAt };
}

function defaultUserId(user: object): string | undefined {
  const { id, sub, userId, username } = user as Record<string, unknown>;
  const key = id ?? sub ?? userId ?? username;
  return typeof key === 'string' || typeof key === 'number' || typeof key === 'bigint'
    ? String(key)
    : undefined;
}

/** `exp` of the user, of the info, or of the token; `NaN`, which is refused, if it is there and not a number. */
function defaultExpiresAt(user: object, info: unknown, credential: Credential): number | undefined {
  const exp =
    (user as Record<string, unknown>)['exp'] ??
    (isRecord(info) ? info['exp'] : undefined) ??
    tokenClaims(credential)?.['exp'];
  return exp === undefined || exp === null ? undefined : fromNumericDate(exp);
}

/** The one place where NumericDate seconds (RFC 7519 §2) become milliseconds. */
function fromNumericDate(exp: unknown): number {
  return typeof exp === 'number' ? exp * 1_000 : Number.NaN;
}

/**
 * Claims of a JWT that the strategy has accepted. `validate()` seldom returns `exp`, and a session must end with its
 * token all the same. Claims only ever shorten a session: identity comes from the strategy alone.
 */
function tokenClaims({ content }: Credential): Record<string, unknown> | undefined {
  const token =
    content.scheme === 'Bearer' || content.scheme === 'fields' ? content.token : undefined;
  const [, payload, signature] = token?.split('.', 4) ?? [];
  if (payload === undefined || signature === undefined) {
    return undefined;
  }
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    return isRecord(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}
