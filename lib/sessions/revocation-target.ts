import { WsAuthError } from '../errors/ws-auth.error.js';
import { isSendableCloseCode } from '../protocol/close-code.js';
import type { WsAuthUserKey } from '../policy/user-key.js';
import type { RevocationKind, StoredRevocation } from '../store/ws-auth-store.js';
import type { LiveSession } from './live-session.js';
import { numericDate, type Proof } from './proof.js';

/** What `disconnect()` ends: one session, or all sessions of a user. */
export type SessionTarget =
  | {
      /** `id` of the session. */
      readonly sessionId: string;
    }
  | {
      /** Key of the user, as the strategy returned it: the text of an `ObjectId` is read as well. */
      readonly userId: WsAuthUserKey;
    };

/** What a revocation names: a user, a session, a token, or all that was issued up to an instant. Exactly one of them. */
export type RevocationTarget =
  | {
      /** Key of the user, as the strategy returned it: the text of an `ObjectId` is read as well. */
      readonly userId: WsAuthUserKey;
      /**
       * Only credentials that were issued at or before this instant, in epoch milliseconds.
       *
       * @default now
       */
      readonly issuedBefore?: number;
    }
  | {
      /** `id` of the session. */
      readonly sessionId: string;
    }
  | {
      /** `jti` of the token. */
      readonly tokenId: string;
    }
  | {
      /** Credentials of all users that were issued at or before this instant, in epoch milliseconds. */
      readonly issuedBefore: number;
    };

/** A target that names exactly one thing, the user by the text of its key. */
export type CheckedTarget =
  | { readonly userId: string; readonly issuedBefore?: number }
  | { readonly sessionId: string }
  | { readonly tokenId: string }
  | { readonly issuedBefore: number };

/** Options of `sessions.revoke()`: how a revocation is carried out. */
export interface RevokeOptions {
  /**
   * Constant text of at most 123 bytes; peers and their logs see it.
   *
   * @default 'revoked'
   */
  readonly reason?: string;
  /** A session that stays open, such as the one that asks. Its credential does not connect again. */
  readonly exceptSessionId?: string;
  /**
   * Time in milliseconds for which the revocation is remembered: at least as long as the credentials it concerns live. The
   * token of a session is remembered until its `exp`, if that is later.
   *
   * @default 86_400_000 (a day)
   */
  readonly rememberMs?: number;
}

/** The names of the options. */
export const revokeOptions = {
  reason: true,
  exceptSessionId: true,
  rememberMs: true,
} satisfies Record<keyof RevokeOptions, true>;

const dayMs = 86_400_000;

/** The revocation that other nodes receive. */
export function storedRevocation(target: CheckedTarget, options: RevokeOptions): StoredRevocation {
  const { reason, exceptSessionId, rememberMs = dayMs } = options;
  const details = {
    rememberMs,
    ...(reason !== undefined && { reason }),
    ...(exceptSessionId !== undefined && { exceptSessionId }),
  };
  if ('sessionId' in target) {
    return { kind: 'session', id: target.sessionId, before: Date.now(), ...details };
  }
  if ('tokenId' in target) {
    return { kind: 'token', id: target.tokenId, before: Date.now(), ...details };
  }
  const before = target.issuedBefore ?? Date.now();
  return 'userId' in target
    ? { kind: 'user', id: target.userId, before, ...details }
    : { kind: 'everybody', id: '', before, ...details };
}

/**
 * The revocations of the tokens that a revoked session stands on, each for as long as the token states that it lives, if that is
 * longer. An instant is not enough: the clock that wrote `iat` may be ahead, and the token would be accepted again.
 *
 * Of all users together only the tokens are named that the instant does not cover, so that one statement about everybody does
 * not become one about each.
 */
function revocationsOfTokens(
  revocation: StoredRevocation,
  { proof, session }: LiveSession,
  clockToleranceMs: number,
): readonly StoredRevocation[] {
  const { kind, before } = revocation;
  const { ownTokenIds, exp } = proof;
  const issuedAt = latestIssue(proof, Number.POSITIVE_INFINITY, clockToleranceMs);
  const isCovered = kind === 'everybody' && (issuedAt === undefined || issuedAt <= before);
  if (!takesTokens.has(kind) || isCovered || session.anonymous) {
    return [];
  }
  const livesMs = (numericDate(exp) ?? 0) - Date.now();
  const rememberMs = Math.max(revocation.rememberMs, livesMs);
  return ownTokenIds.map((id) => ({ ...revocation, kind: 'token', id, rememberMs }));
}

/** The revocations of the tokens of a credential that was refused before it had a session. */
export function revocationsOfProof({ ownTokenIds, exp }: Proof): readonly StoredRevocation[] {
  const before = Date.now();
  const rememberMs = Math.max(dayMs, (numericDate(exp) ?? 0) - before);
  return ownTokenIds.map((id) => ({ kind: 'token', id, before, rememberMs }));
}

/**
 * The same for several sessions, once for each token: a user may have thousands of sessions that stand on one token, and every
 * revocation of it concerns all of them.
 */
export function revocationsOfAll(
  revocation: StoredRevocation,
  concerned: readonly LiveSession[],
  clockToleranceMs: number,
): readonly StoredRevocation[] {
  const byToken = new Map<string, StoredRevocation>();
  for (const live of concerned) {
    for (const ofToken of revocationsOfTokens(revocation, live, clockToleranceMs)) {
      const known = byToken.get(ofToken.id);
      if (!known || known.rememberMs < ofToken.rememberMs) {
        byToken.set(ofToken.id, ofToken);
      }
    }
  }
  return [...byToken.values()];
}

const takesTokens: ReadonlySet<RevocationKind> = new Set<RevocationKind>([
  'user',
  'session',
  'everybody',
]);

/**
 * The latest instant, by the clock of this node, at which a credential can have been issued; `undefined` if that is not known.
 * It was there when it was presented, whatever the clock of the issuer shows.
 */
export function latestIssue(
  { issuedAt }: Proof,
  presentedAt: number,
  clockToleranceMs: number,
): number | undefined {
  return issuedAt === undefined ? undefined : Math.min(issuedAt + clockToleranceMs, presentedAt);
}

/** Whether a credential was issued, or presented, by that instant. One of unknown age counts as old. */
export function wasIssuedBefore(
  { proof, session }: LiveSession,
  before: number,
  clockToleranceMs: number,
): boolean {
  if (session.anonymous) {
    return false;
  }
  const issuedAt = latestIssue(proof, session.authenticatedAt, clockToleranceMs);
  return issuedAt === undefined || issuedAt <= before;
}

/**
 * An invalid time would be over immediately.
 *
 * @throws {WsAuthError} `ERR_WS_AUTH_REVOCATION`
 */
export function checkRememberMs(rememberMs: unknown): void {
  const valid = rememberMs === undefined || (typeof rememberMs === 'number' && rememberMs >= 0);
  if (!valid) {
    throw new WsAuthError(
      'ERR_WS_AUTH_REVOCATION',
      'rememberMs is a time in milliseconds, at least 0, or Infinity',
    );
  }
}

/** @throws {WsAuthError} `ERR_WS_AUTH_CLOSE_FRAME` for what no close frame can carry. */
export function checkClosing(code: number | undefined, reason: string | undefined): void {
  const sendable = code === undefined || isSendableCloseCode(code);
  if (!sendable || Buffer.byteLength(reason ?? '') > 123) {
    throw new WsAuthError(
      'ERR_WS_AUTH_CLOSE_FRAME',
      'a close frame carries 1000, 1001, 1003, 1007-1009, 1011-1013 or 3000-4999, and at most 123 bytes of text',
    );
  }
}
