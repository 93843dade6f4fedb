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
    const parsed = JSON.parse(message) as Record<string, unknown>;
    const { event, data } = parsed;
    if (Object.keys(parsed).length !== 2) {
      return undefined;
    }
    if (event === draining) {
      return drainingIn(data);
    }
    const accepted = event === authenticated;
    const expiresAt = endIn(data);
    return (accepted || event === expiring) && expiresAt !== undefined
      ? { accepted, expiresAt }
      : undefined;
  } catch {
    return undefined;
  }
}

/** The end in the data of `authenticated` and `expiring`; `undefined` in every other form, which is the application's. */
export function endIn(data: unknown): number | null | undefined {
  const end = onlyField(data, 'expiresAt');
  return end === null || Number.isFinite(end) ? (end as number | null) : undefined;
}

/** The data of `draining`, if it has that form. */
export function drainingIn(data: unknown): DrainingData | undefined {
  const closesInMs = onlyField(data, 'closesInMs') as number;
  return Number.isFinite(closesInMs) && closesInMs >= 0 ? { closesInMs } : undefined;
}

/** The value of a field that is the only one. */
function onlyField(data: unknown, name: string): unknown {
  const fields = Object(data) as Record<string, unknown>;
  return Object.keys(fields).length === 1 ? fields[name] : undefined;
}
