import type { Credential } from '../credentials/credential.js';
import type { Basis } from '../passport/basis.js';
import type { StrategyRequest } from '../passport/strategy-request.js';
import type { Policy } from '../policy/policy.js';
import { httpSessionTokenId, withTokenId, type Proof } from '../sessions/proof.js';
import { WsAuthSession } from '../sessions/session.js';
import type { Principal } from './principal.js';

/** Each fact by its name: to spread an object costs as much as ten of these. */
export function beginSession(
  { user, info, userId, expiresAt }: Principal,
  strategy: string,
  { extractor }: Credential,
  { transport }: Policy,
): WsAuthSession {
  const authenticatedAt = Date.now();
  return new WsAuthSession({
    user,
    info,
    userId,
    expiresAt,
    strategy,
    extractor,
    transport,
    authenticatedAt,
  });
}

/**
 * A session of middleware stands for its cookie as a token does for itself. A token that was merely read does not hide it: a
 * client could add one to keep its connection when it logs out.
 */
export function withHttpSession(proof: Proof, basis: Basis, request: StrategyRequest): Proof {
  const { sessionID } = request as { readonly sessionID?: unknown };
  const isNamed = proof.ownTokenIds.length > 0 && (basis.verified || basis.tokens.length === 0);
  return isNamed || typeof sessionID !== 'string'
    ? proof
    : withTokenId(proof, httpSessionTokenId(sessionID));
}
