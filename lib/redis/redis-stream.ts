import { isRecord } from '../protocol/message.js';
import type { RevocationKind, StoredRevocation } from '../store/ws-auth-store.js';

/** An entry of a stream with one field. */
export interface StreamEntry {
  readonly id: string;
  readonly value: unknown;
}

const kinds: ReadonlySet<unknown> = new Set<RevocationKind>([
  'user',
  'token',
  'session',
  'everybody',
]);

/** Reads the reply of `XRANGE`: `[[id, [field, value]], …]`. */
export function parseStream(reply: unknown): StreamEntry[] {
  return Array.isArray(reply) ? reply.flatMap(parseEntry) : [];
}

function parseEntry(entry: unknown): StreamEntry[] {
  const [id, fields] = Array.isArray(entry) ? (entry as unknown[]) : [];
  const value: unknown = Array.isArray(fields) ? (fields as unknown[])[1] : undefined;
  return typeof id === 'string' ? [{ id, value }] : [];
}

/** Reads a revocation, or returns `undefined` for an entry that is none: it is skipped and harms nobody. */
export function parseRevocation(value: unknown): StoredRevocation | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(String(value));
  } catch {
    return undefined;
  }
  if (!isRecord(parsed)) {
    return undefined;
  }
  const { kind, id, before, rememberMs, reason, exceptSessionId } = parsed;
  const valid =
    kinds.has(kind) && typeof id === 'string' && isFinite(before) && isFinite(rememberMs);
  return valid
    ? ({
        kind,
        id,
        before,
        rememberMs,
        ...(typeof reason === 'string' && { reason }),
        ...(typeof exceptSessionId === 'string' && { exceptSessionId }),
      } as StoredRevocation)
    : undefined;
}

function isFinite(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
