import { isRecord } from '../../protocol/message.js';
import type { Redaction } from '../../credentials/redaction.js';
import type { EngineRequest } from './internals/engine.js';

const redacted = 'REDACTED';

/** Names under which payloads hold secrets, whatever strategy reads them; `pid` and `offset` would recover another connection. */
const secretName =
  /token|jwt|bearer|authori[sz]ation|passw|passphrase|secret|credential|cookie|session|ticket|api.?key|private.?key|signature|^(?:pid|offset|key|pin|otp|code|pass|pwd|sid)$/i;

/** Levels of a payload that are looked through. Deeper ones are hidden as a whole. */
const maxDepth = 4;

/**
 * A payload as the application may see it. `handshake.auth` is logged by many applications, and `fetchSockets()` sends it to all
 * other nodes.
 */
export function redactPayload(payload: unknown, depth = 0): unknown {
  if (typeof payload !== 'object' || payload === null) {
    return payload;
  }
  if (depth === maxDepth) {
    return redacted;
  }
  if (Array.isArray(payload)) {
    return payload.map((each) => redactPayload(each, depth + 1));
  }
  return Object.fromEntries(
    Object.entries(payload).map(([name, value]) => [
      name,
      secretName.test(name) ? redacted : redactPayload(value, depth + 1),
    ]),
  );
}

/** Hides credentials in the query that engine.io has parsed, and that `handshake.query` shows. */
export function redactQuery({ _query: query }: EngineRequest, { queryParams }: Redaction): void {
  for (const name of Object.keys(query)) {
    if (queryParams.has(name)) {
      query[name] = redacted;
    }
  }
}

/** The payload of a CONNECT packet: an object, or `undefined` where the client sent none. */
export function payloadOf(auth: unknown): Record<string, unknown> | undefined {
  return isRecord(auth) && Object.keys(auth).length > 0 ? auth : undefined;
}
