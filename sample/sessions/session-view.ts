import type { WsAuthSession } from 'nestjs-ws-auth';

/** What a user may see of one of their own sessions. */
export interface SessionView {
  readonly sessionId: string;
  /** The extractor that found the credential. */
  readonly via: string;
  /** Epoch milliseconds. */
  readonly authenticatedAt: number;
  /** Epoch milliseconds; `null` does not expire. */
  readonly expiresAt: number | null;
}

/** Shows a session to its user. */
export function viewOf(session: WsAuthSession): SessionView {
  const { id: sessionId, extractor: via, authenticatedAt, expiresAt = null } = session;
  return { sessionId, via, authenticatedAt, expiresAt };
}
