/** A message in Nest's own format. */
export interface EventMessage {
  readonly event: string;
  readonly data: unknown;
}

/** Default event names of the wire protocol. */
export const defaultEventNames = Object.freeze({
  authenticate: 'authenticate',
  authenticated: 'authenticated',
  expiring: 'expiring',
});

/** Names of the events that client and server exchange about authentication. */
export interface WsAuthEventNames {
  /** @default 'authenticate' */
  readonly authenticate: string;
  /** @default 'authenticated' */
  readonly authenticated: string;
  /** @default 'expiring' */
  readonly expiring: string;
}

/**
 * Reads `{"event","data"}`, or returns `undefined`.
 *
 * `JSON.parse` keeps an own `__proto__` key, which a later `Object.assign` would turn into a prototype, so such keys
 * are dropped at every depth.
 */
export function parseEventMessage(text: string): EventMessage | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text, withoutPrototype);
  } catch {
    return undefined;
  }
  if (!isRecord(parsed) || typeof parsed['event'] !== 'string') {
    return undefined;
  }
  return { event: parsed['event'], data: parsed['data'] };
}

export function eventMessage(event: string, data: unknown): string {
  return JSON.stringify({ event, data });
}

/** A plain object: neither an array nor `null`. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutPrototype(key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value;
}
