import { expiredReason, revokedReason, WsAuthCloseCode } from '../protocol/close-code.js';
import type { EndReason } from '../sessions/live-session.js';

/** Code and text of a session that ends, unless the application gives others. Transports have them in common, and send them their way. */
export const endings: Readonly<
  Record<EndReason, { readonly code: number; readonly reason: string }>
> = {
  expired: { code: WsAuthCloseCode.Unauthorized, reason: expiredReason },
  revoked: { code: WsAuthCloseCode.Unauthorized, reason: revokedReason },
  disconnected: { code: WsAuthCloseCode.PolicyViolation, reason: 'disconnected' },
  replaced: { code: WsAuthCloseCode.PolicyViolation, reason: 'too many sessions' },
  storeLost: { code: WsAuthCloseCode.TryAgainLater, reason: 'authentication unavailable' },
  failed: { code: WsAuthCloseCode.InternalError, reason: 'internal error' },
  shutdown: { code: WsAuthCloseCode.GoingAway, reason: 'server shutting down' },
};
