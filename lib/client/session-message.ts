import { parseEventMessage, type SessionData, type WsAuthEventNames } from '../protocol/message.js';

/** What the server says of the session. */
export interface SessionMessage {
  /** Whether a token was accepted; otherwise the end is near. */
  readonly accepted: boolean;
  readonly expiresAt: number | null | undefined;
}

/** Longer messages are not parsed: those of the protocol are short. */
const maxLength = 512;

/** Reads a message of the protocol, and `undefined` from every other. */
export function sessionMessageIn(
  data: unknown,
  { authenticated, expiring }: WsAuthEventNames,
): SessionMessage | undefined {
  if (typeof data !== 'string' || data.length > maxLength) {
    return undefined;
  }
  const message = parseEventMessage(data);
  const accepted = message?.event === authenticated;
  return accepted || message?.event === expiring
    ? { accepted, expiresAt: (message.data as Partial<SessionData> | undefined)?.expiresAt }
    : undefined;
}
