import { comesTooLate } from '../passport/thenable.js';
import type { Policy } from '../policy/policy.js';
import type { WsAuthCheck } from '../protocol/diagnosis.js';
import { findUserKey } from '../policy/user-key.js';
import { isRecord } from '../protocol/message.js';
import { numericDate, type Proof } from '../sessions/proof.js';

/** What a session needs to know of a user. */
export interface Principal {
  readonly user: object;
  readonly info: unknown;
  /** `undefined` for a user without a key. */
  readonly userId: string | undefined;
  /** The default field that the key was read from. */
  readonly keyField: string | undefined;
  readonly expiresAt: number | undefined;
  /** Whether the user, the info or the application named an end, besides `maxSessionAgeMs`. */
  readonly endNamed: boolean;
}

/** A user, as it came from a strategy or from the application. */
export interface Claimant {
  readonly user: unknown;
  readonly info: unknown;
  readonly proof: Proof;
}

/** Why what a strategy returned is not accepted as a user. */
export type NotAccepted = Extract<WsAuthCheck, 'no-object' | 'bound' | 'expiry' | 'expired'>;

/**
 * Reads a principal from what a strategy returned, or returns the check that it fails: it is `false` or a string, its token is bound
 * to a key, its expiry is not a number or has passed. Getters that throw throw here, once, inside the attempt.
 */
export function readPrincipal(
  { user, info, proof }: Claimant,
  policy: Policy,
): Principal | NotAccepted {
  if (!isUser(user)) {
    return 'no-object';
  }
  if (proof.bound) {
    return 'bound';
  }
  const ownEnd = policy.expiresAt ? endOf(policy.expiresAt(user as never, info)) : expiryOf(proof);
  // Read after the application has named the end: its function takes time.
  const now = Date.now();
  if (ownEnd !== undefined && !(Number.isFinite(ownEnd) && ownEnd > now)) {
    return Number.isFinite(ownEnd) ? 'expired' : 'expiry';
  }
  const expiresAt = Math.min(ownEnd ?? Number.POSITIVE_INFINITY, now + policy.maxSessionAgeMs);
  const { key: userId, field: keyField } = findUserKey(user, policy.userId);
  return {
    user,
    info,
    userId,
    keyField,
    expiresAt: expiresAt === Number.POSITIVE_INFINITY ? undefined : expiresAt,
    endNamed: ownEnd !== undefined,
  };
}

/** A list of rows is not a user, and neither is a promise that the application forgot to await. */
function isUser(value: unknown): value is object {
  return isRecord(value) && typeof value['then'] !== 'function';
}

/** `NaN`, which is refused, for what comes too late. */
function endOf(end: number | undefined): number | undefined {
  return comesTooLate(end) ? Number.NaN : end;
}

/** `NaN`, which is refused, for an `exp` that is there and not a number. */
function expiryOf({ exp }: Proof): number | undefined {
  return exp === undefined || exp === null ? undefined : (numericDate(exp) ?? Number.NaN);
}
