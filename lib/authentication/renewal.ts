import type { WsAuthCheck } from '../protocol/diagnosis.js';
import type { Policy } from '../policy/policy.js';
import { refusedBy, type Refusal } from '../protocol/refusal.js';
import { declaredProof, type Proof } from '../sessions/proof.js';
import type { Authenticated } from './authenticated.js';
import { readPrincipal } from './principal.js';

/** Tokens of earlier renewals that a session keeps the names of. A client renews near the end of one, so few are valid. */
const maxEarlierTokens = 4;

/**
 * What a session becomes when its client authenticates again.
 *
 * The user stays the same: another user is refused, and so is one without a key or of another issuer, who may be another. An
 * older credential that arrives later changes nothing, while a newer one also takes effect when it ends earlier.
 *
 * @param latestEnd epoch milliseconds at which the session ends, whatever the credential claims
 */
export function renew(
  current: Authenticated,
  next: Authenticated,
  latestEnd = Number.POSITIVE_INFINITY,
): Authenticated | Refusal {
  const other = differenceBetween(current, next);
  if (other) {
    return refusedBy(other, 'ERR_WS_AUTH_OTHER_USER');
  }
  if (isOlder(next, current)) {
    return current;
  }
  const expiresAt = Math.min(next.session.expiresAt ?? Number.POSITIVE_INFINITY, latestEnd);
  return {
    session: next.session.with({
      id: current.session.id,
      expiresAt: expiresAt === Number.POSITIVE_INFINITY ? undefined : expiresAt,
    }),
    proof: withEarlierTokens(next.proof, current.proof),
    context: next.context ?? current.context,
    ...presentationOf(next),
  };
}

/** A revocation since then concerns the newer credential, whatever the clock of its issuer states. */
function presentationOf({ presentedAt, presentedTick }: Authenticated): Partial<Authenticated> {
  return presentedAt === undefined || presentedTick === undefined
    ? {}
    : { presentedAt, presentedTick };
}

function differenceBetween(current: Authenticated, next: Authenticated): WsAuthCheck | undefined {
  const { userId } = current.session;
  if (userId === undefined || next.session.userId === undefined) {
    return 'no-key';
  }
  if (next.session.userId !== userId) {
    return 'other-user';
  }
  const [one, other] = [current.proof.issuer, next.proof.issuer];
  return one === undefined || other === undefined || one === other ? undefined : 'other-issuer';
}

/**
 * A revocation of the session takes the tokens before with it, which may not have expired yet. They do not find it any more: a
 * newer credential has taken their place.
 */
function withEarlierTokens(next: Proof, { ownTokenIds }: Proof): Proof {
  const earlier = ownTokenIds.filter((id) => !next.ownTokenIds.includes(id));
  return earlier.length === 0
    ? next
    : { ...next, ownTokenIds: [...next.ownTokenIds, ...earlier.slice(0, maxEarlierTokens)] };
}

/**
 * What the application declares about the user of a session, or `undefined` if the value is not a user or has expired. The end, the
 * token and the issuer stay unless the value names others.
 */
export function declare(
  { session, proof }: Authenticated,
  { user, info }: { readonly user: object; readonly info: unknown },
  policy: Policy,
): Authenticated | undefined {
  const declared = declaredProof(user, info);
  const named = declared.tokenIds.length === 0 ? proof : declared;
  const principal = readPrincipal({ user, info, proof: declared }, policy);
  if (typeof principal === 'string') {
    return undefined;
  }
  return {
    session: session.with({
      ...principal,
      expiresAt: principal.endNamed ? principal.expiresAt : session.expiresAt,
      authenticatedAt: Date.now(),
    }),
    proof: {
      ...declared,
      tokenIds: named.tokenIds,
      ownTokenIds: named.ownTokenIds,
      issuer: declared.issuer ?? proof.issuer,
    },
    presentedAt: Date.now(),
    presentedTick: performance.now(),
  };
}

/** By the clock of its issuer; or it was presented before the application declared the user, and may be a user of before that. */
function isOlder(next: Authenticated, current: Authenticated): boolean {
  return (
    isBefore(next.proof.issuedAt, current.proof.issuedAt) ||
    isBefore(next.presentedTick, current.presentedTick)
  );
}

function isBefore(one: number | undefined, other: number | undefined): boolean {
  return one !== undefined && other !== undefined && one < other;
}
