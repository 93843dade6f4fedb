import { ContainedLogger } from '../events/contained-logger.js';
import { WsAuthError } from '../errors/ws-auth.error.js';
import type { LiveSession } from './live-session.js';
import { demandKnownOptions } from '../policy/check-options.js';
import { userKey, type WsAuthUserKey } from '../policy/user-key.js';
import { checkSessionTarget, checkTarget } from './check-target.js';
import { checkDisconnect, storedDisconnection, type DisconnectOptions } from './disconnections.js';
import { onHttpSessionEnd, type HttpSessionStore } from './http-session.js';
import { httpSessionTokenId } from './proof.js';
import {
  checkClosing,
  checkRememberMs,
  revokeOptions,
  storedRevocation,
  type CheckedTarget,
  type RevocationTarget,
  type RevokeOptions,
  type SessionTarget,
} from './revocation-target.js';
import { endAll } from './end-all.js';
import type { RevocationLedger } from './revocation-ledger.js';
import {
  checkClusterList,
  type ClusterListOptions,
  type ClusterSessions,
  type WsAuthClusterPage,
} from './cluster-sessions.js';
import { checkRebalance, Rebalancing, type RebalanceOptions } from './rebalancing.js';
import { checkDrain, type DrainOptions, type SessionDrain } from './session-drain.js';
import type { LiveSessions } from './live-sessions.js';
import { SessionLookup } from './session-lookup.js';
import type { WsAuthSession } from './session.js';

/** What the sessions of a process are changed by. */
interface SessionServices {
  readonly ledger: RevocationLedger;
  readonly drain: SessionDrain;
  readonly cluster: ClusterSessions;
}

/**
 * The live sessions of this process: look them up, close them, and make sure that their credentials do not come back.
 *
 * @publicApi
 */
export class WsAuthSessions extends SessionLookup {
  readonly #logger = new ContainedLogger('WsAuthSessions');
  readonly #live: LiveSessions;
  readonly #ledger: RevocationLedger;
  readonly #drain: SessionDrain;
  readonly #cluster: ClusterSessions;
  readonly #rebalancing: Rebalancing;

  /** @internal */
  constructor(live: LiveSessions, { ledger, drain, cluster }: SessionServices) {
    super(live);
    this.#live = live;
    this.#ledger = ledger;
    this.#drain = drain;
    this.#cluster = cluster;
    this.#rebalancing = new Rebalancing(live, { cluster, drain });
  }

  /**
   * A page of the sessions that a user has on all nodes, oldest first, whether or not there is a limit on them. It needs the option
   * `presence`. A session appears, and disappears, some 100 ms after it begins and ends; those of a node that has died after 1.5 ×
   * `maxStalenessMs`. A node publishes at most 1,000 sessions of one user, the oldest, and the number of all.
   *
   * @throws {WsAuthConfigurationError} without the option, and for an option that is unknown or out of bounds.
   * @throws {WsAuthStoreError} if the store does not answer.
   * @example
   * ```ts
   * const page = await sessions.listCluster('alice', { limit: 20 });
   * ```
   */
  async listCluster(
    userId: WsAuthUserKey,
    options: ClusterListOptions = {},
  ): Promise<WsAuthClusterPage> {
    const { limit, after } = checkClusterList(options);
    const key = userKey(userId);
    return key === undefined ? { sessions: [] } : await this.#cluster.list(key, limit, after);
  }

  /**
   * Number of sessions that a user has on all nodes, as {@link listCluster} knows them.
   *
   * @throws {WsAuthConfigurationError} without the option `presence`.
   * @throws {WsAuthStoreError} if the store does not answer.
   * @example
   * ```ts
   * const isOnline = (await sessions.countCluster('alice')) > 0;
   * ```
   */
  async countCluster(userId: WsAuthUserKey): Promise<number> {
    const key = userKey(userId);
    return key === undefined ? 0 : await this.#cluster.count(key);
  }

  /**
   * Closes sockets. Their credentials stay valid, so clients may connect again.
   *
   * With `scope: 'cluster'` those of other nodes follow within a second, of which no number is known. A node that is disconnected from
   * the store for more than ten minutes leaves them open.
   *
   * @returns how many sockets of this process were closed; a promise of it with `scope: 'cluster'`, which rejects with
   *   {@link WsAuthStoreError} if the other nodes could not be reached
   * @throws {WsAuthConfigurationError} for an unknown option.
   * @throws {WsAuthError} `ERR_WS_AUTH_CLOSE_FRAME` for a code or a reason that no close frame can carry, and
   *   `ERR_WS_AUTH_REVOCATION` for a target that names nothing, or has another field.
   *
   * @example
   * ```ts
   * sessions.disconnect({ sessionId }, { reason: 'closed by an administrator' });
   * ```
   */
  disconnect(
    target: SessionTarget,
    options: DisconnectOptions & { readonly scope: 'cluster' },
  ): Promise<number>;
  disconnect(
    target: SessionTarget,
    options?: DisconnectOptions & { readonly scope?: 'node' },
  ): number;
  disconnect(target: SessionTarget, options: DisconnectOptions = {}): number | Promise<number> {
    checkDisconnect(options);
    const { exceptSessionId, code, reason, scope } = options;
    const checked = checkSessionTarget(target);
    if (scope === 'cluster') {
      return this.#ledger.disconnect(storedDisconnection(checked, options));
    }
    const ending = { why: 'disconnected', code, reason } as const;
    return endAll(this.#live, this.#matching(checked), ending, exceptSessionId);
  }

  /**
   * Closes the matching sockets with 3000 and refuses their credentials from now on: by `tokenId` (`jti`, or the digest of
   * a token that has none), by user and time of issue, by session, or everybody's by time of issue.
   *
   * The sockets of this process are dead when the call returns; with a `store`, those of other nodes follow. A token issued
   * in the very second of the revocation is refused, since `iat` counts seconds. The tokens of the sessions that end are refused
   * whatever their `iat` is.
   *
   * @returns how many sockets of this process were closed
   * @throws {WsAuthConfigurationError} for an unknown option.
   * @throws {WsAuthError} `ERR_WS_AUTH_CLOSE_FRAME` for a reason that no close frame can carry.
   * @throws {WsAuthError} `ERR_WS_AUTH_REVOCATION` for a target that names nothing, or more than one thing, or has a field that
   *   is not known, and for a `rememberMs` that is not a time.
   * @throws {WsAuthStoreError} if the revocation could not be published. Try again: this process has done its part.
   * @example
   * ```ts
   * await sessions.revoke({ userId: 'alice' }); // logs out everywhere
   * await sessions.revoke({ userId: 'alice' }, { exceptSessionId: sessionId }); // everywhere else
   * await sessions.revoke({ tokenId: 'jti of a token' });
   * ```
   */
  async revoke(target: RevocationTarget, options: RevokeOptions = {}): Promise<number> {
    demandKnownOptions(revokeOptions, options, 'options');
    checkClosing(undefined, options.reason);
    const checked = checkTarget(target);
    checkRememberMs(options.rememberMs);
    const revocation = storedRevocation(checked, options);
    const everySession = 'userId' in checked && checked.issuedBefore === undefined;
    return await this.#ledger.revoke(revocation, everySession ? checked.userId : undefined);
  }

  /**
   * Empties this process before it is shut down, as `drainMs` of the module does in `app.close()`. `WsAuthHealth` is down and new clients
   * are refused with 503 from the call on, for good. Then the sessions end with 1001, in steps that are spread over the time, each up to
   * 5 seconds after its client has received `draining`.
   *
   * @returns how many sessions have ended
   * @throws {WsAuthConfigurationError} for an option that is unknown or out of bounds.
   *
   * @example
   * ```ts
   * await app.get(WsAuthSessions).drain({ overMs: 30_000 });
   * ```
   */
  async drain(options: DrainOptions): Promise<number> {
    return await this.#drain.run(checkDrain(options));
  }

  /**
   * Sends the sessions that this process has above its share to the other nodes, as after the last restart of a deploy. It does so where
   * any node is too far from the average. The oldest leave, as in {@link drain}: clients that know `draining` connect again before they
   * are closed. New clients are accepted meanwhile, and no session leaves once the node is level.
   *
   * Each node does so for itself, so call it once on all of them: one that is not above its share does nothing. It needs the option
   * `presence` and a shared `store`, and a balancer that prefers the emptiest node.
   *
   * @returns how many sessions have left
   * @throws {WsAuthConfigurationError} without `presence` or `store`, and for an option that is unknown or out of bounds.
   * @throws {WsAuthStoreError} if the store does not answer. Sessions that have received the notice leave all the same.
   *
   * @example
   * ```ts
   * await app.get(WsAuthSessions).rebalance({ overMs: 30_000 });
   * ```
   */
  async rebalance(options: RebalanceOptions): Promise<number> {
    return await this.#rebalancing.run(checkRebalance(options));
  }

  /**
   * Renews a session from elsewhere, such as an HTTP route that has authenticated the user again.
   *
   * @returns the renewed session
   * @throws {WsAuthError} `ERR_WS_AUTH_NO_SESSION` without a session, `ERR_WS_AUTH_OTHER_USER` for another user, and
   *   `ERR_WS_AUTH_NOT_A_USER` for a value that is not a user, or has expired. The session stays as it is.
   *
   * @example
   * ```ts
   * const { expiresAt } = sessions.refresh(sessionId, user, { exp: Date.now() / 1_000 + 600 });
   * ```
   */
  refresh(sessionId: string, user: object, info?: unknown): WsAuthSession {
    const live = this.#live.with(sessionId);
    if (!live) {
      throw new WsAuthError('ERR_WS_AUTH_NO_SESSION', 'there is no such session');
    }
    return live.refresh(user, info);
  }

  /**
   * Closes the sockets of an HTTP session when it is destroyed, as `request.logout()` and `session.destroy()` do.
   *
   * @param store the store given to `express-session`, or to `@fastify/session`
   * @returns a function that undoes it
   * @example
   * ```ts
   * const unbind = sessions.bindToHttpSession(store); // the store given to express-session
   * ```
   */
  bindToHttpSession(store: HttpSessionStore): () => void {
    return onHttpSessionEnd(store, (sessionId) => {
      this.revoke({ tokenId: httpSessionTokenId(sessionId) }).catch((error: unknown) =>
        this.#logger.error('the end of an HTTP session could not be published', error),
      );
    });
  }

  #matching(target: CheckedTarget): readonly LiveSession[] {
    if ('userId' in target) {
      return this.#live.ofUser(target.userId);
    }
    return 'sessionId' in target ? this.#live.named([target.sessionId]) : [];
  }
}
