import { isRecord } from '../protocol/message.js';

/** What a ticket may be bound to. */
export interface TicketBinding {
  readonly path: string | undefined;
  readonly origin: string | undefined;
  readonly address: string | undefined;
  /** Session that asked for it. */
  readonly sessionId: string | undefined;
  /** Names of the tokens of that session, where this process knows it. */
  readonly tokenIds: readonly string[] | undefined;
  /** End of that session in epoch milliseconds, where this process knows it. */
  readonly endsAt: number | undefined;
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
  const readable = isRecord(user) && isRecord(info) && isBinding(bound);
  return readable ? { user, info, bound } : undefined;
}

function isBinding(value: unknown): value is Partial<TicketBinding> {
  if (!isRecord(value)) {
    return false;
  }
  const { endsAt, tokenIds = [], ...ids } = value;
  return (
    (endsAt === undefined || typeof endsAt === 'number') &&
    isTexts(tokenIds) &&
    isTexts(Object.values(ids))
  );
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
