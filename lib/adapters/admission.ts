import type { Authenticated } from '../authentication/authenticated.js';
import type { Subject } from '../authentication/credential-judge.js';
import { phaseOf, rememberJudgement } from '../authentication/judgement.js';
import { runAll } from '../errors/run-all.js';
import type { WsAuthDiagnosis } from '../protocol/diagnosis.js';
import { refusedBy, type Refusal } from '../protocol/refusal.js';
import type { WsAuthSession } from '../sessions/session.js';
import type { Peer } from './peer.js';
import type { SessionContext } from './session-context.js';
import type { SessionLifecycle } from './session-lifecycle.js';

/** How a client came in. */
export interface Entrance {
  readonly peer: Peer;
  readonly subject: Subject;
  /** That the client has joined, where a transport has namespaces. */
  readonly namespace?: string;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
}

/**
 * Admits authenticated connections: the one rule, for every transport, that decides which of them may have a session. Its
 * credential has not expired, is not revoked, and its user has a session left.
 */
export class Admission {
  constructor(private readonly context: SessionContext) {}

  /** Refuses a connection that may not have a session. Where the oldest session is to make room, it has until {@link begin}. */
  refuse(authenticated: Authenticated): Refusal | undefined {
    const refusal = this.#check(authenticated);
    if (refusal && this.context.telemetry) {
      rememberJudgement(refusal, authenticated.session);
    }
    return refusal;
  }

  /** Releases what a connection that was not established holds. A revocation meanwhile concerns its token all the same. */
  release(authenticated: Authenticated): void {
    this.context.revocations.noteUnused(authenticated);
    this.context.leases?.release(authenticated.session);
  }

  /** Begins the session of a connection, and returns whether it lives. */
  begin(life: SessionLifecycle, entrance: Entrance): boolean {
    if (life.begin()) {
      this.#makeRoom(life);
      this.#announce(life, entrance);
    }
    // A listener may have ended it.
    return life.isOpen;
  }

  #check(authenticated: Authenticated): Refusal | undefined {
    const { session, proof } = authenticated;
    const { revocations, policy, authenticator, leases } = this.context;
    if (session.expiresAt !== undefined && session.expiresAt <= Date.now()) {
      const expired = refusedBy('expired', 'ERR_WS_AUTH_CREDENTIAL_REJECTED', acceptedBy(session));
      return authenticator.refuse(expired, proof);
    }
    if (revocations.isRevoked(authenticated)) {
      const revoked = refusedBy('revoked', 'ERR_WS_AUTH_REVOKED', acceptedBy(session));
      return authenticator.refuse(revoked, proof);
    }
    return leases?.hasLost(session, policy) || this.#isFull(session.userId)
      ? refusedBy('max-sessions-per-user', 'ERR_WS_AUTH_TOO_MANY_SESSIONS', acceptedBy(session))
      : undefined;
  }

  #isFull(userId: string | undefined): boolean {
    const { sessions, policy } = this.context;
    return (
      policy.onLimit === 'refuse' &&
      userId !== undefined &&
      this.#countsHere &&
      sessions.countOfUser(userId) >= policy.maxSessionsPerUser
    );
  }

  /** Whether the sessions of a user are counted, and in this process alone. */
  get #countsHere(): boolean {
    const { policy, leases } = this.context;
    return !leases && policy.maxSessionsPerUser !== Number.POSITIVE_INFINITY;
  }

  /** Ends the oldest sessions of the user, now that the newest has begun. */
  #makeRoom(newest: SessionLifecycle): void {
    const { sessions, policy, leases } = this.context;
    const { userId } = newest.session;
    leases?.makeRoom(newest.session, policy).catch(() => newest.end({ why: 'storeLost' }));
    if (userId === undefined || !this.#countsHere) {
      return;
    }
    const excess = sessions.countOfUser(userId) - policy.maxSessionsPerUser;
    if (excess > 0) {
      const oldest = sessions.ofUser(userId).slice(0, excess);
      runAll(oldest.map((each) => () => each.end({ why: 'replaced' })));
    }
  }

  #announce({ session }: SessionLifecycle, { peer, startedAt, namespace }: Entrance): void {
    const { events, telemetry, policy } = this.context;
    const { id: sessionId, userId, strategy, anonymous } = session;
    if (telemetry) {
      const phase = phaseOf(session.extractor, policy);
      const extractor = anonymous ? undefined : session.extractor;
      telemetry.attempted({ phase, outcome: 'accepted', extractor, strategy });
    }
    if (events.has('authenticated')) {
      const { extractor } = session;
      const place = peer.placeIn(namespace);
      const durationMs = performance.now() - startedAt;
      const facts = { durationMs, sessionId, userId, strategy, extractor };
      events.emit('authenticated', { ...place, ...facts });
    }
  }
}

/** The strategy has accepted the credential. */
function acceptedBy({ extractor, strategy }: WsAuthSession): WsAuthDiagnosis {
  return strategy === undefined
    ? { extractor }
    : { extractor, strategies: [{ strategy, answer: 'accepted' }] };
}
