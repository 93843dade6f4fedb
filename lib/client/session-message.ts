import type { EventMessage, SessionData, WsAuthEventNames } from '../protocol/message.js';

/** The state of the session, as sent by the server. */
export interface SessionMessage {
  /** Whether a token was accepted; otherwise the end is near. */
  readonly accepted: boolean;
  readonly expiresAt: number | null;
}

/** Longer messages are not parsed: those of the protocol are short. */
const maxLength = 512;

/**
 * Reads a message of the protocol, and `undefined` from every other.
 *
 * Only the exact form is one. An application may have events of the same names, and must receive them.
 */
export function sessionMessageIn(
  message: unknown,
  { authenticated, expiring }: WsAuthEventNames,
): SessionMessage | undefined {
  if (typeof message !== 'string' || message.length > maxLength) {
    return undefined;
  }
  try {
    const parsed = JSON.parse(message) as EventMessage & { readonly data: SessionData };
    const { event, data } = parsed;
    const { expiresAt } = data;
    const accepted = event === authenticated;
    const isExact = [parsed, data].flatMap(Object.keys).length === 3;
    return isExact &&
      (accepted || event === expiring) &&
      (expiresAt === null || Number.isFinite(expiresAt))
      ? { accepted, expiresAt }
      : undefined;
  } catch {
    return undefined;
  }
}
