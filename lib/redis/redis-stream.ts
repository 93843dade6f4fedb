import { WsAuthStoreError } from '../errors/ws-auth-store.error.js';
import { isRecord } from '../protocol/message.js';
import { isSendableCloseCode } from '../protocol/close-code.js';
import type { RevocationKind, StoredRevocation } from '../store/ws-auth-store.js';

/** Name of the one field of an entry. */
export const revocationField = 'revocation';

/** An entry of the stream. */
export interface StreamEntry {
  readonly id: string;
  /** Epoch milliseconds by the clock of Redis. */
  readonly addedAt: number;
  /** JSON of a revocation; `undefined` for a foreign entry. */
  readonly json: string | undefined;
}

const kinds: ReadonlySet<unknown> = new Set<RevocationKind>([
  'user',
  'token',
  'session',
  'everybody',
  'replaced',
  'disconnectUser',
  'disconnectSession',
]);

/** Bytes of text that a close frame can carry (RFC 6455 §5.5). */
const maxReasonBytes = 123;

/**
 * Reads the reply of `XRANGE`: `[[id, [field, value, …]], …]`.
 *
 * @throws {WsAuthStoreError} for any other reply: to read nothing from it would be to miss revocations.
 */
export function parseStream(reply: unknown): StreamEntry[] {
  if (!Array.isArray(reply)) {
    throw new WsAuthStoreError('redis answered something else than entries of a stream');
  }
  return reply.map(parseEntry);
}

function parseEntry(entry: unknown): StreamEntry {
  const [rawId, rawFields] = Array.isArray(entry) ? (entry as unknown[]) : [];
  const id = textOf(rawId);
  const addedAt = Number(id?.split('-', 1)[0]);
  if (id === undefined || !Array.isArray(rawFields) || !Number.isFinite(addedAt)) {
    throw new WsAuthStoreError('redis answered something else than an entry of a stream');
  }
  const [field, value] = (rawFields as unknown[]).map(textOf);
  return { id, addedAt, json: field === revocationField ? value : undefined };
}

/** Text of a reply; a client may be set up to return buffers. */
export function textOf(value: unknown): string | undefined {
  const text = Buffer.isBuffer(value) ? value.toString() : value;
  return typeof text === 'string' ? text : undefined;
}

/** The revocation of an entry, with what is left of its time by the clock of Redis; `undefined` for a foreign entry. */
export function revocationOf(
  { addedAt, json }: StreamEntry,
  now: number,
): StoredRevocation | undefined {
  const revocation = parseRevocation(json);
  const ageMs = Math.max(0, now - addedAt);
  return revocation && { ...revocation, rememberMs: Math.max(0, revocation.rememberMs - ageMs) };
}

/** Reads a revocation, or returns `undefined` for a malformed entry, which is skipped. */
function parseRevocation(json: string | undefined): StoredRevocation | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json ?? '');
  } catch {
    return undefined;
  }
  if (!isRecord(parsed)) {
    return undefined;
  }
  const { kind, id, before, rememberMs, reason, code, exceptSessionId } = parsed;
  const valid =
    kinds.has(kind) && typeof id === 'string' && isFinite(before) && isFinite(rememberMs);
  return valid
    ? ({
        kind,
        id,
        before,
        rememberMs,
        ...(isReason(reason) && { reason }),
        ...(isSendableCloseCode(code) && { code }),
        ...(typeof exceptSessionId === 'string' && { exceptSessionId }),
      } as StoredRevocation)
    : undefined;
}

function isFinite(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isReason(value: unknown): value is string {
  return typeof value === 'string' && Buffer.byteLength(value) <= maxReasonBytes;
}
