import { isRecord } from '../protocol/message.js';
import type { WsAuthSession } from '../sessions/session.js';

/**
 * A session of a user on some node.
 *
 * @example
 * ```ts
 * const { sessions: known } = await sessions.listCluster('alice');
 * const devices = known.map(({ id, node, authenticatedAt }) => ({ id, node, since: new Date(authenticatedAt) }));
 * ```
 * @publicApi
 */
export interface WsAuthClusterSession {
  /** Id of the session, as in `WsAuthSession`. */
  readonly id: string;
  /** Name of the node that has the connection. */
  readonly node: string;
  /** Name of the extractor that found the credential. */
  readonly extractor: string;
  /** When the client authenticated, in epoch milliseconds by the clock of the node. */
  readonly authenticatedAt: number;
  /** End of the session in epoch milliseconds; `undefined` if it does not expire. */
  readonly expiresAt: number | undefined;
}

/** The sessions of a user on one node. */
export interface NodePresence {
  /** Number of all of them. */
  readonly count: number;
  /** The oldest of them. */
  readonly sessions: readonly WsAuthClusterSession[];
}

/** How many sessions a node has, whether or not their users have a key. */
export interface NodeLoad {
  /** Name of the node. */
  readonly node: string;
  /** Number of sessions without those whose clients connect elsewhere. */
  readonly sessions: number;
  /** Whether the node receives new clients: not while it shuts down. */
  readonly isAccepting: boolean;
}

/** Sessions of one user that a node publishes. It publishes the number of all. */
const maxPublished = 1_000;

/** What a node publishes of the sessions of a user: JSON, without the user and without a credential. */
export function presenceOf(sessions: readonly WsAuthSession[]): string {
  const listed = sessions
    .slice(0, maxPublished)
    .map(({ id, extractor, authenticatedAt, expiresAt }) => [
      id,
      extractor,
      authenticatedAt,
      expiresAt ?? null,
    ]);
  return JSON.stringify({ count: sessions.length, sessions: listed });
}

/** What a node publishes of itself. */
export function loadRecordOf({ sessions, isAccepting }: Omit<NodeLoad, 'node'>): string {
  return JSON.stringify({ sessions, isAccepting });
}

/** Reads what a node has published of itself; `undefined` for what this version cannot read. */
export function parseLoad(node: string, record: string): NodeLoad | undefined {
  const { sessions, isAccepting } = parseRecord(record) ?? {};
  return Number.isSafeInteger(sessions) && typeof isAccepting === 'boolean'
    ? { node, sessions: Math.max(0, sessions as number), isAccepting }
    : undefined;
}

/** Reads what a node has published of a user; `undefined` for what this version cannot read. */
export function parsePresence(node: string, record: string): NodePresence | undefined {
  const parsed = parseRecord(record);
  if (!Number.isSafeInteger(parsed?.['count']) || !Array.isArray(parsed?.['sessions'])) {
    return undefined;
  }
  const sessions = (parsed['sessions'] as unknown[]).flatMap((each) => sessionIn(node, each) ?? []);
  return { count: parsed['count'] as number, sessions };
}

function parseRecord(record: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(record);
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function sessionIn(node: string, value: unknown): WsAuthClusterSession | undefined {
  const [id, extractor, authenticatedAt, expiresAt] = Array.isArray(value)
    ? (value as unknown[])
    : [];
  return typeof id === 'string' &&
    typeof extractor === 'string' &&
    typeof authenticatedAt === 'number' &&
    (expiresAt === null || typeof expiresAt === 'number')
    ? { id, node, extractor, authenticatedAt, expiresAt: expiresAt ?? undefined }
    : undefined;
}
