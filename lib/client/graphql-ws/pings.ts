import { endIn } from '../session-message.js';
import { defaultEventNames } from '../../protocol/message.js';

/** Payload of a `ping`. */
export type PingPayload = Readonly<Record<string, unknown>> | undefined;

/** Whether the server announces the end of the session. */
export function isExpiring(payload: PingPayload): boolean {
  return payload?.['event'] === defaultEventNames.expiring && endIn(payload['data']) !== undefined;
}

/** The `ping` that renews the session. */
export function renewalPing(token: string): string {
  const payload = { event: defaultEventNames.authenticate, data: { token } };
  return JSON.stringify({ type: 'ping', payload });
}
