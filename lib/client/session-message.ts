import type { DrainingData, SessionData, WsAuthEventNames } from '../protocol/message.js';

/** The state of the session, as sent by the server. */
export interface SessionMessage extends SessionData {
  /** Whether a token was accepted; otherwise the end is near. */
  readonly accepted: boolean;
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
  { authenticated, expiring, draining }: WsAuthEventNames,
): SessionMessage | DrainingData | undefined {
  if (typeof message !== 'string' || message.length > maxLength) {
    return undefined;
  }
  try {
    const parsed = JSON.parse(message) as { event: string; data: SessionData & DrainingData };
    const { event, data } = parsed;
    const { expiresAt, closesInMs } = data;
    const accepted = event === authenticated;
    if ([parsed, data].flatMap(Object.keys).length !== 3) {
      return undefined;
    }
    if (event === draining && Number.isFinite(closesInMs)) {
      return { closesInMs };
    }
    return (accepted || event === expiring) && (expiresAt === null || Number.isFinite(expiresAt))
      ? { accepted, expiresAt }
      : undefined;
  } catch {
    return undefined;
  }
}
