import type { RawData } from 'ws';
import type { Authenticated } from '../../authentication/authenticated.js';
import type { Authenticator } from '../../authentication/authenticator.js';
import type { PendingBudget } from '../../authentication/pending-budget.js';
import { declare, renew, type Standing } from '../../authentication/renewal.js';
import { renewalStrategies } from '../../authentication/renewal-credential.js';
import { WsAuthError } from '../../errors/ws-auth.error.js';
import type { WsAuthEvents } from '../../events/ws-auth-events.js';
import type { Policy } from '../../policy/policy.js';
import type { WsAuthTelemetry } from '../../policy/telemetry.js';
import { sessionMessage } from '../../protocol/message.js';
import { Refusal } from '../../protocol/refusal.js';
import { setSession } from '../../sessions/client-session.js';
import { Expiry } from '../../sessions/expiry.js';
import type { Ending, LiveSession } from '../../sessions/live-session.js';
import { LongestLife } from '../../sessions/longest-life.js';
import type { Proof } from '../../sessions/proof.js';
import type { SessionLeases } from '../../cluster/session-leases.js';
import type { WsAuthSession } from '../../sessions/session.js';
import type { WsAuthSessions } from '../../sessions/ws-auth-sessions.service.js';
import { bytesOf } from './bytes-of.js';
import { closeClient, closingOf, refuseClient } from './close-client.js';
import { inSlices } from '../slices.js';
import { closedGate, type CloseArgs, type Gate, type GatedWebSocket } from './gated-web-socket.js';
import type { Peer } from '../peer.js';
import { answersPing } from './ping.js';
import { Reauthentication, type Renewable } from '../reauthentication.js';
import type { RefusalReporter } from '../refusal-reporter.js';

/** What the sessions of one route share. */
export interface SessionContext {
  readonly policy: Policy;
  readonly authenticator: Authenticator;
  readonly sessions: WsAuthSessions;
  /** Absent where each node counts the sessions of a user by itself. */
  readonly leases: SessionLeases | undefined;
  readonly events: WsAuthEvents;
  readonly reporter: RefusalReporter;
  /** Slots of those that are not authenticated yet. */
  readonly budget: PendingBudget;
  /** Absent where `telemetry` is not set. */
  readonly telemetry: WsAuthTelemetry | undefined;
}

/**
 * The gate of an authenticated socket: it is open exactly as long as the session lives. Expiry is checked by timer and at
 * every message in either direction, so a blocked event loop lets nothing through.
 */
export class SessionGate implements Gate, LiveSession, Renewable {
  readonly renewedBy: readonly string[];
  /** Absent where `maxSessionAgeMs` is not set. */
  readonly #longest: LongestLife | undefined;
  #standing: Standing;
  #expiry: Expiry | undefined;
  #reauthentication: Reauthentication | undefined;
  #ended = false;

  constructor(
    readonly client: GatedWebSocket,
    readonly context: SessionContext,
    readonly peer: Peer,
    authenticated: Authenticated,
  ) {
    const { policy } = context;
    const { authenticatedAt } = authenticated.session;
    this.renewedBy = renewalStrategies(policy, authenticated);
    this.#longest = LongestLife.of(authenticatedAt, policy.maxSessionAgeMs);
    this.#standing = authenticated;
  }

  get session(): WsAuthSession {
    return this.#standing.session;
  }

  get proof(): Proof {
    return this.#standing.proof;
  }

  get maxBufferedBytes(): number {
    return this.context.policy.maxBufferedBytes;
  }

  /** Begins the session. Register first, then check: a revocation that comes in between still finds it. */
  open(): boolean {
    this.client.wsAuthGate = this;
    this.#stand(this.#standing);
    if (!this.context.sessions.register(this)) {
      this.end({ why: 'revoked' });
    }
    return this.sends;
  }

  /** A listener of its own would cost each session more memory than all that a renewal shows to strategies. */
  keepsClose(_client: GatedWebSocket, [code]: CloseArgs): boolean {
    this.#die();
    this.#disconnected(code as number);
    return false;
  }

  admits(client: GatedWebSocket, data: RawData, isBinary: boolean): boolean {
    if (!this.sends) {
      return false;
    }
    const bytes = bytesOf(data);
    if (answersPing(client, bytes, isBinary, this.context.policy)) {
      return false;
    }
    if (!this.context.policy.renewals.matches(bytes)) {
      return true;
    }
    this.#reauthentication ??= new Reauthentication(this);
    return !this.#reauthentication.takes(bytes, isBinary);
  }

  get sends(): boolean {
    if (!this.#ended && this.#expiry?.isOver) {
      this.end({ why: 'expired' });
    }
    return !this.#ended;
  }

  end(ending: Ending): void {
    if (this.#ended) {
      return;
    }
    this.#dieFirst();
    this.#tell(ending.why);
    const closing = closingOf(ending, this.context.policy);
    inSlices(() => closeClient(this.client, closing));
  }

  fail(): void {
    this.end({ why: 'failed' });
  }

  refresh(user: object, info: unknown): WsAuthSession {
    const declared = declare(this.#standing, { user, info }, this.context.policy);
    if (!this.sends) {
      throw new WsAuthError('ERR_WS_AUTH_NO_SESSION', 'there is no such session');
    }
    if (!declared) {
      throw new WsAuthError('ERR_WS_AUTH_NOT_A_USER', 'the value is no user, or has expired');
    }
    const renewed = this.renew(declared);
    if (renewed instanceof Refusal) {
      throw new WsAuthError(renewed.code, renewed.reason);
    }
    return renewed;
  }

  /** Ends the session because its client failed to authenticate again. */
  refuse(refusal: Refusal): void {
    if (this.#ended) {
      return;
    }
    const { policy, reporter } = this.context;
    this.#dieFirst();
    reporter.refused(refusal, this.peer, 'reauthentication');
    inSlices(() => refuseClient(this.client, refusal, policy));
  }

  /** Puts a newer credential of the same user in place and acknowledges it; the socket stays open. */
  renew(next: Standing): WsAuthSession | Refusal {
    const { sessions, policy, events } = this.context;
    const revoked = sessions.isRevoked(next);
    if (revoked || !this.sends) {
      return new Refusal('ERR_WS_AUTH_REVOKED');
    }
    const standing = renew(this.#standing, next, this.#longest?.endsAt);
    if (standing instanceof Refusal) {
      return standing;
    }
    if (standing !== this.#standing) {
      const { proof: former } = this.#standing;
      this.#stand(standing);
      sessions.renewed(this, former);
    }
    const { id: sessionId, userId, expiresAt } = standing.session;
    this.client.send(sessionMessage(policy.events.authenticated, { expiresAt: expiresAt ?? null }));
    events.emit('reauthenticated', { sessionId, userId, expiresAt });
    return standing.session;
  }

  #stand(standing: Standing): void {
    const { session } = standing;
    const { expiryWarningMs, property } = this.context.policy;
    // A session without a `userId` cannot be renewed, so its client is not warned of the end.
    const warningMs = session.userId === undefined ? 0 : expiryWarningMs;
    this.#standing = standing;
    this.client.wsAuthContext = standing.context;
    this.#expiry?.stop();
    this.#expiry =
      session.expiresAt === undefined
        ? undefined
        : new Expiry(session.expiresAt, warningMs, this, this.#longest?.monotonicEnd);
    setSession(this.client, session);
    (this.client as unknown as Record<string, unknown>)[property] = session.user;
  }

  /** @internal */
  onWarning(): void {
    inSlices(() => this.#warn());
  }

  #warn(): void {
    const { events, policy } = this.context;
    const { id: sessionId, userId, expiresAt } = this.session;
    if (!this.sends || expiresAt === undefined) {
      return;
    }
    // Without strategies that judge a message the client cannot renew; the application still can, by `sessions.refresh()`.
    if (this.renewedBy.length > 0) {
      this.client.send(sessionMessage(policy.events.expiring, { expiresAt }));
    }
    events.emit('expiring', { sessionId, userId, expiresAt });
  }

  /** @internal */
  onEnd(): void {
    this.end({ why: 'expired' });
  }

  /** From here on nothing of the peer is dispatched, and nothing is sent to it. */
  #die(): void {
    this.#ended = true;
    this.client.wsAuthGate = closedGate;
    this.#expiry?.stop();
    this.#reauthentication?.stop();
    this.context.sessions.unregister(this);
    this.context.leases?.release(this.session);
  }

  /** Ends the session before its socket. */
  #dieFirst(): void {
    this.#die();
    this.client.prependOnceListener('close', (code: number) => this.#disconnected(code));
  }

  #disconnected(code: number): void {
    const { events } = this.context;
    if (events.has('disconnected')) {
      const { id: sessionId, userId } = this.session;
      events.emit('disconnected', { sessionId, userId, code });
    }
  }

  #tell(why: Ending['why']): void {
    if (why === 'expired' || why === 'revoked') {
      const { id: sessionId, userId } = this.session;
      this.context.events.emit(why, { sessionId, userId });
    }
  }
}
