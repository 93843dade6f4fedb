import type { Refusal } from '../protocol/refusal.js';
import { aborted, type Attempt } from './attempt.js';
import type { Authenticated } from './authenticated.js';

/** Receives credentials that open no session. */
interface Unused {
  readonly unused?: (accepted: Authenticated) => void;
}

/**
 * Drops a credential that was accepted when its attempt was over already, and returns how the attempt ended.
 *
 * Its user may have been revoked while it was judged. No session stands on its token, so the token has to be noted here: by a clock of
 * the issuer that is ahead, it would be accepted the next time.
 */
export function abandon(
  accepted: Authenticated,
  attempt: Attempt,
  checks: Unused | undefined,
): Refusal {
  checks?.unused?.(accepted);
  return aborted(attempt);
}
