import { isRecord } from '../protocol/message.js';

/** What a ticket may be bound to. */
export interface TicketBinding {
  readonly path: string | undefined;
  readonly origin: string | undefined;
  readonly address: string | undefined;
  readonly sessionId: string | undefined;
}

/** What is stored for a ticket. */
export interface TicketPayload {
  readonly user: object;
  readonly info: Readonly<Record<string, unknown>>;
  readonly bound: Partial<TicketBinding>;
}

/** Reads a payload, or returns `undefined` for one that this version did not write. */
export function parseTicketPayload(json: string): TicketPayload | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (!isRecord(parsed)) {
    return undefined;
  }
  const { user, info, bound } = parsed;
  return isRecord(user) && isRecord(info) && isRecord(bound) ? { user, info, bound } : undefined;
}
