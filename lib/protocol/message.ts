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
  draining: 'draining',
  ended: 'ended',
  ping: 'nestjs-ws-auth:ping',
});

/** Names of the events that client and server exchange about authentication. */
export interface WsAuthEventNames {
  /** @default 'authenticate' */
  readonly authenticate: string;
  /** @default 'authenticated' */
  readonly authenticated: string;
  /** @default 'expiring' */
  readonly expiring: string;
  /** @default 'draining' */
  readonly draining: string;
  /**
   * The event by which clients of Socket.IO learn why their session has ended. Native WebSockets have close frames instead.
   *
   * @default 'ended'
   */
  readonly ended: string;
  /**
   * The event with which a client checks its connection. An application is unlikely to have one of that name.
   *
   * @default 'nestjs-ws-auth:ping'
   */
  readonly ping: string;
}

/** `data` of `authenticate`: what the client proves itself with. Other fields become the `body` of the strategy. */
export interface AuthenticateData {
  /** What the strategy finds in the `Authorization` header. */
  readonly token?: string;
  /** Part of the `body`. */
  readonly [field: string]: unknown;
}

/** `data` of `authenticated` and of `expiring`. */
export interface SessionData {
  /** End of the session in epoch milliseconds; `null` if it does not expire. */
  readonly expiresAt: number | null;
}

/** `data` of `draining`. */
export interface DrainingData {
  /** Milliseconds after which the server closes the connection, because it shuts down. A duration, since clocks differ. */
  readonly closesInMs: number;
}

/** Type of the message by which the page of the cookie bridge reports its result to its parent. */
export const bridgeMessageType = 'nestjs-ws-auth:cookie';

/** What the page of the cookie bridge reports to its parent. */
export interface BridgeMessage {
  readonly type: typeof bridgeMessageType;
  /** Whether the cookie is set. */
  readonly ok: boolean;
}

/**
 * Reads `{"event","data"}`, or returns `undefined`.
 *
 * `JSON.parse` keeps an own `__proto__` key, which a later `Object.assign` would turn into a prototype, so such keys
 * are dropped at every depth.
 */
export function parseEventMessage(text: string): EventMessage | undefined {
  return eventMessageOf(parseMessage(text));
}

/** Reads a JSON object, as {@link parseEventMessage} does, or returns `undefined`. */
export function parseMessage(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = needsCare(text) ? JSON.parse(text, withoutPrototype) : JSON.parse(text);
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The outermost object of a JSON text, however deep it nests, or `undefined`. It decides what a message is, as the parser does that would read it
 * next. What is in it is not safe to use: it may have own `__proto__` keys, and nest deeper than the stack.
 */
export function outermostOf(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** The event and the data of a message in Nest's format; `undefined` for any other. */
export function eventMessageOf(
  message: Record<string, unknown> | undefined,
): EventMessage | undefined {
  const event = message?.['event'];
  return typeof event === 'string' ? { event, data: message!['data'] } : undefined;
}

export function eventMessage(event: string, data: unknown): string {
  return JSON.stringify({ event, data });
}

/** Levels of a payload that is written as JSON. */
const maxLevels = 64;

/** JSON of what a client has sent, or `undefined` for what cannot be written, or is nested too deeply. */
export function jsonOf(payload: unknown): string | undefined {
  try {
    return isShallow(payload) ? JSON.stringify(payload) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether what a client has sent may be written as JSON: `JSON.stringify()` compares each level with all above it, so that its time
 * grows with the square of their number.
 */
export function isShallow(payload: unknown): boolean {
  return hasLevels(payload, maxLevels);
}

function hasLevels(value: unknown, most: number): boolean {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) {
    return true;
  }
  return most > 0 && Object.values(value).every((each) => hasLevels(each, most - 1));
}

/**
 * The ping of a client, and the answer of the server, which is the same text. It is always these very characters, so that
 * neither side has to parse messages to find it.
 */
export function pingMessage({ ping }: WsAuthEventNames): string {
  return eventMessage(ping, undefined);
}

/** The message that informs a client about its session. */
export function sessionMessage(event: string, data: SessionData | DrainingData): string {
  return eventMessage(event, data);
}

/** A plain object: neither an array nor `null`. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Length of a text that cannot nest deeper than the stack. */
const maxShallow = 4_096;

/**
 * Whether a text has to be read with the function that drops keys, which takes three times as long as all else. JSON writes the letters
 * of a key as they are or by `\u`. The function also ends in an exception where a text nests deeper than the stack.
 */
function needsCare(text: string): boolean {
  return text.length > maxShallow || text.includes('__proto__') || text.includes('\\u');
}

function withoutPrototype(key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value;
}
