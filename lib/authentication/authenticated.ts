import type { Proof } from '../sessions/proof.js';
import type { WsAuthSession } from '../sessions/session.js';

/** A session that may begin, and what its credential says about itself. */
export interface Authenticated {
  readonly session: WsAuthSession;
  readonly proof: Proof;
}
