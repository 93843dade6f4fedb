import type { RevocationQuestion, StoredRevocation, WsAuthStore } from '../store/ws-auth-store.js';
import { inTime } from '../store/in-time.js';
import { readClock, StoreClock } from '../store/store-clock.js';
import { UnpublishedRevocations } from '../cluster/unpublished-revocations.js';
import { concernedSessions } from './concerned-sessions.js';
import { Disconnections, disconnections, reasonOf } from './disconnections.js';
import { endAll } from './end-all.js';
import type { Ending, LiveSession } from './live-session.js';
import type { LiveSessions } from './live-sessions.js';
import { anonymousProof, type Proof } from './proof.js';
import { latestIssue, revocationsOfAll, revocationsOfProof } from './revocation-target.js';
import { Revocations } from './revocations.js';

/** A session, or one that asks to begin. */
interface Candidate extends Pick<LiveSession, 'session' | 'proof'> {
  /**
   * Epoch milliseconds at which its credential was presented: a revocation since then concerns it, whatever the clock of its
   * issuer shows, and however long its strategy took.
   */
  readonly presentedAt?: number;
  /** Monotonic milliseconds of the same instant. */
  readonly presentedTick?: number;
}

/**
 * What is revoked, as far as this process knows: it refuses revoked credentials and ends the sessions that a revocation
 * concerns. For the rest of this package only; applications revoke by `WsAuthSessions`.
 */
export class RevocationLedger {
  /** The clock of the store, as it was last read. */
  readonly clock = new StoreClock();
  readonly #revocations = new Revocations();
  readonly #disconnections = new Disconnections();
  readonly #unpublished = new UnpublishedRevocations();
  #store: WsAuthStore | undefined;
  #clockToleranceMs = 0;

  constructor(private readonly live: LiveSessions) {}

  /**
   * Shares revocations with other nodes from now on.
   *
   * @param clockToleranceMs how far the clock of an issuer may be behind
   */
  shareThrough(store: WsAuthStore, clockToleranceMs: number): void {
    this.#store = store;
    this.#clockToleranceMs = clockToleranceMs;
  }

  /**
   * Whether a credential is revoked. The token of one that is revoked only because it was presented before is remembered: by its
   * `iat` alone it would be accepted the next time.
   */
  isRevoked(candidate: Candidate): boolean {
    const { session, proof, presentedAt = session.authenticatedAt, presentedTick } = candidate;
    // An anonymous session has nothing that could be revoked.
    if (proof === anonymousProof || this.#revocations.isEmpty) {
      return false;
    }
    const { userId } = session;
    const { tokenIds } = proof;
    const issuedAt = latestIssue(proof, Number.POSITIVE_INFINITY, this.#clockToleranceMs);
    const judged = { userId, tokenIds, issuedAt };
    if (this.#revocations.isRevoked(judged)) {
      return true;
    }
    const isLate = this.#revocations.isRevoked({
      ...judged,
      acceptedAt: presentedAt,
      acceptedTick: presentedTick,
    });
    if (isLate) {
      this.#rememberTokens(proof);
    }
    return isLate;
  }

  /** Notes a credential that was accepted and opens no session. If it was revoked meanwhile, its token is remembered. */
  noteUnused(candidate: Candidate): void {
    this.isRevoked(candidate);
  }

  /** What a store is asked about a credential. */
  questionAbout({ session, proof }: Candidate): RevocationQuestion {
    const [tokenId, ...tokenIds] = proof.tokenIds;
    const issuedAt = latestIssue(proof, Number.POSITIVE_INFINITY, this.#clockToleranceMs);
    return { userId: session.userId, tokenId, tokenIds, issuedAt };
  }

  /**
   * Carries out a revocation of this process, and publishes it.
   *
   * @param everySessionOf user whose sessions end whenever they were issued: a clock that was set back makes some look younger
   *   than the revocation
   * @returns how many sockets of this process were closed
   */
  async revoke(revocation: StoredRevocation, everySessionOf?: string): Promise<number> {
    const store = this.#store;
    if (everySessionOf !== undefined && store?.now) {
      return this.#revokeNow(revocation, everySessionOf, store);
    }
    const concerned =
      everySessionOf === undefined ? this.#concerned(revocation) : this.live.ofUser(everySessionOf);
    try {
      return this.#carryOut(revocation, concerned);
    } finally {
      await this.#publish(revocation);
    }
  }

  /**
   * Ends the sessions of a user immediately, and dates the revocation by the clock of the store: the clock of a node that is ahead
   * would keep the user out until the others have caught up. Authentications that begin before the date is known are judged
   * again with it.
   */
  async #revokeNow(revocation: StoredRevocation, userId: string, store: WsAuthStore) {
    let count = 0;
    try {
      count = this.#endSessions(revocation, this.live.ofUser(userId));
    } finally {
      const { now, failure } = await readClock(store, this.clock);
      const dated = { ...revocation, before: now };
      this.#remember(dated, revocation.before);
      try {
        count += this.#endSessions(dated, this.#concerned(dated));
      } finally {
        // By an estimate, other nodes would end too few sessions, or keep the user out. The caller tries again.
        await (failure ? Promise.reject(failure) : this.#publish(dated));
      }
    }
    return count;
  }

  async #publish(revocation: StoredRevocation): Promise<void> {
    await this.#add(revocation);
    await this.publishTokens();
  }

  async #add(revocation: StoredRevocation): Promise<void> {
    if (this.#store) {
      await inTime(this.#store.addRevocation(revocation));
    }
  }

  /**
   * Carries out a revocation of another node, also one that was carried out before.
   *
   * @returns how many sockets were closed
   */
  apply(revocation: StoredRevocation): number {
    if (disconnections.has(revocation.kind) && !this.#disconnections.take(revocation)) {
      return 0;
    }
    return this.#carryOut(revocation, this.#concerned(revocation));
  }

  /**
   * Ends sessions on all nodes, and leaves their credentials valid.
   *
   * @returns how many sockets of this process were closed
   */
  async disconnect(disconnection: StoredRevocation): Promise<number> {
    try {
      return this.apply(disconnection);
    } finally {
      await this.#add(disconnection);
    }
  }

  /** Publishes the revocations of tokens that only this node knows. What fails is published by the next call. */
  async publishTokens(): Promise<void> {
    if (this.#store) {
      await this.#unpublished.publish(this.#store);
    }
  }

  /** All is remembered before a session ends: a listener of the application may throw at the end of a session. */
  #carryOut(revocation: StoredRevocation, concerned: readonly LiveSession[]): number {
    this.#remember(revocation);
    return this.#endSessions(revocation, concerned);
  }

  /** The tokens of the sessions that end are revoked with them: those of other nodes are known there alone. */
  #endSessions(revocation: StoredRevocation, concerned: readonly LiveSession[]): number {
    const { kind, exceptSessionId, reason, code } = revocation;
    const ending: Ending = { why: reasonOf(kind), reason, code };
    const ofTokens = revocationsOfAll(revocation, concerned, this.#clockToleranceMs);
    for (const ofToken of ofTokens) {
      // A revocation that is read again publishes nothing again.
      if (this.#store && !this.#revocations.covers(ofToken.id, ofToken.rememberMs)) {
        this.#unpublished.add(ofToken);
      }
      this.#remember(ofToken);
    }
    const others = ofTokens.flatMap(({ id }) => this.live.ofToken(id));
    return endAll(this.live, new Set([...concerned, ...others]), ending, exceptSessionId);
  }

  #rememberTokens(proof: Proof): void {
    for (const ofToken of revocationsOfProof(proof)) {
      this.#remember(ofToken);
      if (this.#store) {
        this.#unpublished.add(ofToken);
      }
    }
    // What fails is published with the next revocation.
    this.publishTokens().catch(ignore);
  }

  #concerned(revocation: StoredRevocation): readonly LiveSession[] {
    return concernedSessions(this.live, revocation, this.#clockToleranceMs);
  }

  /** @param presentedBefore epoch milliseconds by the clock of this node, where `before` is by another */
  #remember(
    { kind, id, before, rememberMs }: StoredRevocation,
    presentedBefore: number = before,
  ): void {
    switch (kind) {
      case 'user':
        this.#revocations.revokeUser(id, { before, presentedBefore }, rememberMs);
        break;
      case 'token':
        this.#revocations.revokeToken(id, rememberMs);
        break;
      case 'everybody':
        this.#revocations.revokeEverybody(before);
        break;
      case 'session':
        // Tickets ask the store for it; a live session is simply closed.
        break;
      case 'replaced':
      case 'disconnectUser':
      case 'disconnectSession':
        // The credential is as good as before.
        break;
    }
  }
}

function ignore(): void {}
