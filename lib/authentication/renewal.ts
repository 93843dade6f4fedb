import { Refusal } from '../protocol/refusal.js';
import type { Proof } from '../sessions/proof.js';
import type { Authenticated } from './authenticated.js';

/** A session and the credential behind it. */
export type Standing = Authenticated;

/**
 * What a session becomes when its client authenticates again.
 *
 * The user stays the same: who is somebody else (or cannot be told apart, having no key or another issuer) is refused. An
 * older credential that arrives later changes nothing, while a newer one also takes effect when it ends earlier.
 */
export function renew(current: Standing, next: Standing): Standing | Refusal {
  const { userId } = current.session;
  const sameIssuer =
    current.proof.issuer === undefined ||
    next.proof.issuer === undefined ||
    current.proof.issuer === next.proof.issuer;
  if (userId === undefined || next.session.userId !== userId || !sameIssuer) {
    return new Refusal('ERR_WS_AUTH_OTHER_USER');
  }
  return isOlder(next.proof, current.proof)
    ? current
    : {
        session: next.session.with({ id: current.session.id }),
        proof: next.proof,
        context: next.context ?? current.context,
      };
}

function isOlder(next: Proof, current: Proof): boolean {
  return (
    next.issuedAt !== undefined &&
    current.issuedAt !== undefined &&
    next.issuedAt < current.issuedAt
  );
}
