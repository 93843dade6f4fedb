import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { demandKnownOptions } from '../policy/check-options.js';
import type { RevocationKind, StoredRevocation } from '../store/ws-auth-store.js';
import type { EndReason } from './live-session.js';
import { checkClosing, type CheckedTarget } from './revocation-target.js';

/**
 * Options of `sessions.disconnect()`: how the sockets are closed.
 *
 * @example
 * ```ts
 * const options: DisconnectOptions = { scope: 'cluster', code: 4000, reason: 'moved' };
 * ```
 */
export interface DisconnectOptions {
  /** @default 1008 */
  readonly code?: number;
  /**
   * Constant text of at most 123 bytes; peers and their logs see it.
   *
   * @default 'disconnected'
   */
  readonly reason?: string;
  /** A session that stays, such as the one that asks. */
  readonly exceptSessionId?: string;
  /**
   * Whether the sockets of all nodes are closed, or those of this process.
   *
   * @default 'node'
   */
  readonly scope?: 'node' | 'cluster';
}

/** Kinds that end sessions and state nothing about credentials. */
export const disconnections: ReadonlySet<RevocationKind> = new Set<RevocationKind>([
  'disconnectUser',
  'disconnectSession',
]);

/** Time in milliseconds after which a disconnection is too old for a node that reads it late. */
const disconnectionMs = 600_000;

/** The statement that other nodes receive when sessions are disconnected on all nodes. */
export function storedDisconnection(
  target: CheckedTarget,
  { code, reason, exceptSessionId }: Omit<DisconnectOptions, 'scope'>,
): StoredRevocation {
  const [kind, id] =
    'sessionId' in target
      ? (['disconnectSession', target.sessionId] as const)
      : (['disconnectUser', 'userId' in target ? target.userId : ''] as const);
  return {
    kind,
    id,
    before: Date.now(),
    rememberMs: disconnectionMs,
    ...(code !== undefined && { code }),
    ...(reason !== undefined && { reason }),
    ...(exceptSessionId !== undefined && { exceptSessionId }),
  };
}

const optionNames = {
  code: true,
  reason: true,
  exceptSessionId: true,
  scope: true,
} satisfies Record<keyof DisconnectOptions, true>;

/**
 * @throws {WsAuthConfigurationError} for an option that is unknown, or a scope that does not exist.
 * @throws {WsAuthError} `ERR_WS_AUTH_CLOSE_FRAME` for a code or a reason that no close frame can carry.
 */
export function checkDisconnect(options: DisconnectOptions): void {
  demandKnownOptions(optionNames, options, 'options');
  const { code, reason, scope = 'node' } = options;
  checkClosing(code, reason);
  if (scope !== 'node' && scope !== 'cluster') {
    throw new WsAuthConfigurationError("scope: expected 'node' or 'cluster'");
  }
}

/**
 * Disconnections that this node has carried out. Nodes read entries again when they have lost their place, and a client that has
 * connected again since then must stay.
 */
export class Disconnections {
  /** When each is forgotten, in monotonic milliseconds. Those that are read first are forgotten first. */
  readonly #known = new Map<string, number>();

  /** Whether a disconnection has yet to be carried out here; it is known from then on. */
  take({ kind, id, before, exceptSessionId, rememberMs }: StoredRevocation): boolean {
    const now = performance.now();
    for (const [key, forgetAt] of this.#known) {
      if (forgetAt > now) {
        break;
      }
      this.#known.delete(key);
    }
    const key = [kind, id, before, exceptSessionId].join('\n');
    const isNew = rememberMs > 0 && !this.#known.has(key);
    if (isNew) {
      this.#known.set(key, now + disconnectionMs);
    }
    return isNew;
  }
}

/** Why the sessions that a statement concerns end. */
export function reasonOf(kind: RevocationKind): EndReason {
  if (disconnections.has(kind)) {
    return 'disconnected';
  }
  return kind === 'replaced' ? 'replaced' : 'revoked';
}
