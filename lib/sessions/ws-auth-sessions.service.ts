import { Injectable, Logger } from '@nestjs/common';
import { runAll } from '../errors/run-all.js';
import { WsAuthError } from '../errors/ws-auth.error.js';
import type { Ending, LiveSession } from './live-session.js';
import { demandKnownOptions } from '../policy/check-options.js';
import { userKey, type WsAuthUserKey } from '../policy/user-key.js';
import type { RevocationQuestion, StoredRevocation, WsAuthStore } from '../store/ws-auth-store.js';
import { anonymousProof, httpSessionTokenId } from './proof.js';
import {
  beganBy,
  checkClosing,
  checkRememberMs,
  checkTarget,
  latestIssue,
  revocationsOfAll,
  storedRevocation,
  type CheckedTarget,
  type RevocationTarget,
  type RevokeOptions,
  type SessionTarget,
} from './revocation-target.js';
import { Revocations } from './revocations.js';
import { LiveSessions } from './live-sessions.js';
import type { WsAuthSession } from './session.js';
import { UnpublishedRevocations } from '../cluster/unpublished-revocations.js';

/** How the sockets of a disconnected session are closed. */
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
}

const disconnectOptions = {
  code: true,
  reason: true,
  exceptSessionId: true,
} satisfies Record<keyof DisconnectOptions, true>;

const revokeOptions = {
  reason: true,
  exceptSessionId: true,
  rememberMs: true,
} satisfies Record<keyof RevokeOptions, true>;

/** The part of a store of `express-session` that ends a session. */
export interface HttpSessionStore {
  /** Ends the session and forgets it. */
  destroy(sessionId: string, callback?: (error?: unknown) => void): void;
}

/**
 * The live sessions of this process: look them up, close them, and make sure that their credentials do not come back.
 *
 * @publicApi
 */
@Injectable()
export class WsAuthSessions implements Iterable<WsAuthSession> {
  readonly #logger = new Logger('WsAuthSessions');
  readonly #live = new LiveSessions();
  readonly #revocations = new Revocations();
  readonly #unpublished = new UnpublishedRevocations();
  #store: WsAuthStore | undefined;
  #clockToleranceMs = 0;

  /**
   * Sessions of a user, oldest first.
   *
   * @param userId key of the user, as the strategy returned it; a value that cannot be one has no sessions
   */
  ofUser(userId: WsAuthUserKey): WsAuthSession[] {
    const key = userKey(userId);
    return key === undefined ? [] : this.liveOf(key).map(({ session }) => session);
  }

  /** A session of this process by its id. */
  get(sessionId: string): WsAuthSession | undefined {
    return this.#live.with(sessionId)?.session;
  }

  /** Number of sessions of this process. */
  count(): number {
    return this.#live.size;
  }

  /** All sessions of this process. */
  *[Symbol.iterator](): IterableIterator<WsAuthSession> {
    for (const { session } of this.#live.all()) {
      yield session;
    }
  }

  /**
   * Closes sockets. Their credentials stay valid, so clients may connect again.
   *
   * @returns how many sockets were closed
   * @throws {WsAuthConfigurationError} for an unknown option.
   * @throws {WsAuthError} `ERR_WS_AUTH_CLOSE_FRAME` for a code or a reason that no close frame can carry, and
   *   `ERR_WS_AUTH_REVOCATION` for a target that names nothing.
   */
  disconnect(target: SessionTarget, options: DisconnectOptions = {}): number {
    demandKnownOptions(disconnectOptions, options, 'options');
    const { exceptSessionId, code, reason } = options;
    checkClosing(code, reason);
    return this.#end(
      this.#matching(checkTarget(target)),
      { why: 'disconnected', code, reason },
      exceptSessionId,
    );
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
   * @throws {WsAuthError} `ERR_WS_AUTH_REVOCATION` for a target that names nothing, or more than one thing, and for
   *   a `rememberMs` that is not a time.
   * @throws {WsAuthStoreError} if the revocation could not be published. Try again: this process has done its part.
   */
  async revoke(target: RevocationTarget, options: RevokeOptions = {}): Promise<number> {
    demandKnownOptions(revokeOptions, options, 'options');
    checkClosing(undefined, options.reason);
    const checked = checkTarget(target);
    checkRememberMs(options.rememberMs);
    const revocation = storedRevocation(checked, options);
    const everySession = 'userId' in checked && checked.issuedBefore === undefined;
    // Also those that a clock which was set back makes look younger than the revocation.
    const concerned = everySession ? this.liveOf(checked.userId) : this.#concerned(revocation);
    try {
      return this.#carryOut(revocation, concerned);
    } finally {
      await this.#store?.addRevocation(revocation);
      await this.publishTokens();
    }
  }

  /**
   * Renews a session from elsewhere, such as an HTTP route that has authenticated the user again.
   *
   * @returns the renewed session
   * @throws {WsAuthError} `ERR_WS_AUTH_NO_SESSION` without a session, `ERR_WS_AUTH_OTHER_USER` for another user, and
   *   `ERR_WS_AUTH_NOT_A_USER` for a value that is not a user, or has expired. The session stays as it is.
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
   */
  bindToHttpSession(store: HttpSessionStore): () => void {
    const original = store.destroy.bind(store);
    store.destroy = (sessionId, callback) => {
      this.revoke({ tokenId: httpSessionTokenId(sessionId) }).catch((error: unknown) =>
        this.#logger.error('other nodes were not told of the end of an HTTP session', error),
      );
      original(sessionId, callback);
    };
    return () => {
      store.destroy = original;
    };
  }

  /**
   * Registers first, checks afterwards: a revocation that comes in between still finds the session. One that came since the
   * credential was accepted concerns it, whatever the clock of its issuer shows.
   *
   * @returns whether the session may live
   * @internal
   */
  register(live: LiveSession): boolean {
    this.#live.add(live);
    return !this.#isRevoked(live, live.session.authenticatedAt);
  }

  /** @internal */
  unregister(live: LiveSession): void {
    this.#live.delete(live);
  }

  /** Has revocations find a renewed session by its present token. @internal */
  renewed(live: LiveSession, former: LiveSession['proof']): void {
    this.#live.renewed(live, former);
  }

  /** @internal */
  isRevoked(credential: Pick<LiveSession, 'session' | 'proof'>): boolean {
    return this.#isRevoked(credential, undefined);
  }

  /** What a store is asked about a credential. @internal */
  questionAbout({ session, proof }: Pick<LiveSession, 'session' | 'proof'>): RevocationQuestion {
    const [tokenId, ...tokenIds] = proof.tokenIds;
    const issuedAt = latestIssue(proof, Number.POSITIVE_INFINITY, this.#clockToleranceMs);
    return { userId: session.userId, tokenId, tokenIds, issuedAt };
  }

  #isRevoked(
    { session, proof }: Pick<LiveSession, 'session' | 'proof'>,
    acceptedAt: number | undefined,
  ): boolean {
    const { userId } = session;
    const { tokenIds } = proof;
    const issuedAt = latestIssue(proof, Number.POSITIVE_INFINITY, this.#clockToleranceMs);
    const judged = { userId, tokenIds, issuedAt, acceptedAt };
    // An anonymous session has nothing that could be revoked.
    return proof !== anonymousProof && this.#revocations.isRevoked(judged);
  }

  /** A live session by its id, also of a user without a key. @internal */
  liveWith(sessionId: string): LiveSession | undefined {
    return this.#live.with(sessionId);
  }

  /** Live sessions with their sockets. @internal */
  live(): Iterable<LiveSession> {
    return this.#live.all();
  }

  /** Live sessions of a user, oldest first. @internal */
  liveOf(userId: string): readonly LiveSession[] {
    return this.#live.ofUser(userId);
  }

  /** Number of live sessions of a user. @internal */
  countOf(userId: string): number {
    return this.#live.countOfUser(userId);
  }

  /**
   * Shares revocations with other nodes from now on.
   *
   * @param clockToleranceMs how far the clock of an issuer may be behind
   * @internal
   */
  shareThrough(store: WsAuthStore, clockToleranceMs: number): void {
    this.#store = store;
    this.#clockToleranceMs = clockToleranceMs;
  }

  /**
   * Carries out a revocation in this process, also one that was carried out before.
   *
   * @returns how many sockets were closed
   * @internal
   */
  apply(revocation: StoredRevocation): number {
    return this.#carryOut(revocation, this.#concerned(revocation));
  }

  /**
   * Publishes the revocations of tokens that only this node knows. What fails is published by the next call.
   *
   * @internal
   */
  async publishTokens(): Promise<void> {
    if (this.#store) {
      await this.#unpublished.publish(this.#store);
    }
  }

  /** Ends all sessions of this process. @internal */
  endAll(ending: Ending): void {
    this.#end([...this.#live.all()], ending);
  }

  #matching(target: CheckedTarget): readonly LiveSession[] {
    if ('userId' in target) {
      return this.liveOf(target.userId);
    }
    const live = 'sessionId' in target ? this.#live.with(target.sessionId) : undefined;
    return live ? [live] : [];
  }

  /** The tokens of the sessions that end are revoked with them: those of other nodes are known there alone. */
  #carryOut(revocation: StoredRevocation, concerned: readonly LiveSession[]): number {
    const { kind, exceptSessionId, reason } = revocation;
    const ending: Ending = { why: kind === 'replaced' ? 'replaced' : 'revoked', reason };
    const ofTokens = revocationsOfAll(revocation, concerned, this.#clockToleranceMs);
    // All is remembered before a session ends: a listener of the application may throw at the end of a session.
    this.#remember(revocation);
    for (const ofToken of ofTokens) {
      // A revocation that is read again publishes nothing again.
      if (this.#store && !this.#revocations.covers(ofToken.id, ofToken.rememberMs)) {
        this.#unpublished.add(ofToken);
      }
      this.#remember(ofToken);
    }
    const others = ofTokens.flatMap(({ id }) => this.#live.ofToken(id));
    return this.#end([...new Set([...concerned, ...others])], ending, exceptSessionId);
  }

  /** Sessions that a revocation ends. What it costs does not depend on how many others there are. */
  #concerned({ kind, id, before }: StoredRevocation): readonly LiveSession[] {
    switch (kind) {
      case 'user':
        return this.liveOf(id).filter((live) => beganBy(live, before, this.#clockToleranceMs));
      case 'everybody':
        return [...this.#live.all()].filter((live) =>
          beganBy(live, before, this.#clockToleranceMs),
        );
      case 'token':
        return this.#live.ofToken(id);
      case 'session':
      case 'replaced':
        return this.#matching({ sessionId: id });
    }
  }

  #remember({ kind, id, before, rememberMs }: StoredRevocation): void {
    const forgetAt = Date.now() + rememberMs;
    switch (kind) {
      case 'user':
        this.#revocations.revokeUser(id, before, forgetAt);
        break;
      case 'token':
        this.#revocations.revokeToken(id, forgetAt);
        break;
      case 'everybody':
        this.#revocations.revokeEverybody(before);
        break;
      case 'session':
        // Tickets ask the store for it; a live session is simply closed.
        break;
      case 'replaced':
        // Its credential is as good as before.
        break;
    }
  }

  #end(sessions: readonly LiveSession[], ending: Ending, exceptSessionId?: string): number {
    const ended = sessions.filter(({ session }) => session.id !== exceptSessionId);
    runAll(ended.map((live) => () => live.end(ending)));
    return ended.length;
  }
}
