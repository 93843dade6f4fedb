import type { Redaction } from '../../credentials/redaction.js';
import { isRecord } from '../../protocol/message.js';
import { redacted } from '../redact-payload.js';
import type { EngineRequest } from './internals/engine.js';

/** Hides credentials in the query that engine.io has parsed, and that `handshake.query` shows. */
export function redactQuery(
  { _query: query = {} }: Partial<Pick<EngineRequest, '_query'>>,
  { queryParams }: Redaction,
): void {
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
