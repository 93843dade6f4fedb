import type { Authenticated } from '../authentication/authenticated.js';
import { declare, renew } from '../authentication/renewal.js';
import { renewalStrategies } from '../authentication/renewal-credential.js';
import type { Credential } from '../credentials/credential.js';
import { WsAuthError } from '../errors/ws-auth.error.js';
import { Refusal, refusedBy } from '../protocol/refusal.js';
import { setSession } from '../sessions/client-session.js';
import { Expiry } from '../sessions/expiry.js';
import type { Ending, LiveSession } from '../sessions/live-session.js';
import { LongestLife } from '../sessions/longest-life.js';
import type { Proof } from '../sessions/proof.js';
import type { WsAuthSession } from '../sessions/session.js';
import type { Connection } from './connection.js';
import type { Peer } from './peer.js';
import { Reauthentication, type Renewable } from './reauthentication.js';
import type { SessionContext } from './session-context.js';
import { scheduleInSlices } from './slices.js';

/**
 * The life of a session on its connection: begin, warning, renewal, refresh and end. It knows no transport.
 *
 * Expiry is checked by timer and whenever a message passes in either direction, so a blocked event loop lets nothing through.
 */
export class SessionLifecycle implements LiveSession, Renewable {
  readonly renewedBy: readonly string[];
  /** Absent where `maxSessionAgeMs` is not set. */
  readonly #longest: LongestLife | undefined;
  #current: Authenticated;
  #expiry: Expiry | undefined;
  #reauthentication: Reauthentication | undefined;
  #ended = false;

  constructor(
    readonly connection: Connection,
    readonly context: SessionContext,
    readonly peer: Peer,
    authenticated: Authenticated,
  ) {
    const { policy } = context;
    const { authenticatedAt } = authenticated.session;
    this.renewedBy = renewalStrategies(policy, authenticated);
    this.#longest = LongestLife.of(authenticatedAt, policy.maxSessionAgeMs);
    this.#current = authenticated;
  }

  get session(): WsAuthSession {
    return this.#current.session;
  }

  get proof(): Proof {
    return this.#current.proof;
  }

  /** Whether messages may pass now. Ends a session whose end has come. */
  get isOpen(): boolean {
    const ending = this.#ended ? undefined : this.#due;
    if (ending) {
      this.end(ending);
    }
    return !this.#ended;
  }

  /** The end that has come and has not been carried out. */
  get #due(): Ending | undefined {
    return this.#expiry?.isOver ? { why: 'expired' } : this.context.sessions.endingOf(this);
  }

  /** Begins the session. Registered first, then checked: a revocation that comes in between still finds it. */
  begin(): boolean {
    if (this.#ended) {
      return false;
    }
    this.#put(this.#current);
    const { sessions, revocations } = this.context;
    sessions.add(this);
    if (revocations.isRevoked(this.#current)) {
      this.end({ why: 'revoked' });
    }
    return this.isOpen;
  }

  /** Runs code of the application in the asynchronous context that the strategy has set up. */
  within<Result>(run: () => Result): Result {
    const { context } = this.connection;
    return context ? context.runInAsyncScope(run) : run();
  }

  /** Judges the credential of a message that is to renew the session. */
  authenticate(read: () => Credential | Refusal): void {
    this.#reauthentication ??= new Reauthentication(this);
    this.#reauthentication.attempt(read);
  }

  /** Ends the session because its connection has closed. */
  closed(code: number): void {
    if (!this.#ended) {
      this.#stop();
      this.#disconnected(code);
    }
  }

  end(ending: Ending): void {
    if (!this.#ended) {
      this.#stop();
      this.connection.onClosed((code) => this.#disconnected(code));
      this.connection.end(ending);
      this.#announce(ending.why);
    }
  }

  leave(): void {
    scheduleInSlices(() => this.end({ why: 'shutdown' }));
  }

  /** Its place is free from now on, since the client takes one on another node before this connection closes. */
  announceLeaving(closesInMs: number): void {
    scheduleInSlices(() => {
      if (this.isOpen) {
        this.context.leases?.release(this.session);
        this.connection.send('draining', { closesInMs });
      }
    });
  }

  /** Ends the session because its client failed to authenticate again. */
  refuse(refusal: Refusal): void {
    if (!this.#ended) {
      this.#stop();
      this.connection.onClosed((code) => this.#disconnected(code));
      this.connection.refuse(refusal);
      this.context.reporter.refused(refusal, this.peer, 'reauthentication');
    }
  }

  refresh(user: object, info: unknown): WsAuthSession {
    const declared = declare(this.#current, { user, info }, this.context.policy);
    if (!this.isOpen) {
      throw new WsAuthError('ERR_WS_AUTH_NO_SESSION', 'there is no such session');
    }
    if (!declared) {
      throw new WsAuthError('ERR_WS_AUTH_NOT_A_USER', 'the value is not a user, or has expired');
    }
    const renewed = this.renew(declared);
    if (renewed instanceof Refusal) {
      const isOther = renewed.code === 'ERR_WS_AUTH_OTHER_USER';
      throw new WsAuthError(isOther ? renewed.code : 'ERR_WS_AUTH_REVOKED', renewed.reason);
    }
    return renewed;
  }

  /** Puts a newer credential of the same user in place and acknowledges it; the connection stays open. */
  renew(next: Authenticated): WsAuthSession | Refusal {
    const { sessions, revocations, events } = this.context;
    const revoked = revocations.isRevoked(next);
    if (revoked || !this.isOpen) {
      return refusedBy('revoked', 'ERR_WS_AUTH_REVOKED');
    }
    const renewed = renew(this.#current, next, this.#longest?.endsAt);
    if (renewed instanceof Refusal) {
      return renewed;
    }
    if (renewed !== this.#current) {
      const { proof: former } = this.#current;
      this.#put(renewed);
      sessions.renewed(this, former);
    }
    const { id: sessionId, userId, expiresAt } = renewed.session;
    // To send asks the clock, so that the session may end there.
    events.emit('reauthenticated', { sessionId, userId, expiresAt });
    if (!this.#ended) {
      this.connection.send('authenticated', { expiresAt: expiresAt ?? null });
    }
    return renewed.session;
  }

  /** @internal */
  onWarning(): void {
    scheduleInSlices(() => this.#warn());
  }

  /** The clock is asked whenever a message passes, so a session may wait for its turn. @internal */
  onEnd(): void {
    scheduleInSlices(() => this.end({ why: 'expired' }));
  }

  /** Makes a session the current one of the connection. */
  #put(authenticated: Authenticated): void {
    const { session, context } = authenticated;
    this.#current = authenticated;
    this.connection.context = context;
    this.#expiry?.stop();
    this.#expiry = this.#expiryOf(session);
    for (const client of this.connection.clients) {
      this.attach(client);
    }
  }

  /** Has `userOf()` and `client.user` find the session on a client of the connection. */
  attach(client: object): void {
    const { session } = this;
    setSession(client, session);
    (client as Record<string, unknown>)[this.context.policy.property] = session.user;
  }

  #expiryOf({ expiresAt, userId }: WsAuthSession): Expiry | undefined {
    // A session without a `userId` cannot be renewed, so its client is not warned of the end.
    const warningMs = userId === undefined ? 0 : this.context.policy.expiryWarningMs;
    return expiresAt === undefined
      ? undefined
      : new Expiry(expiresAt, warningMs, this, this.#longest?.monotonicEnd);
  }

  #warn(): void {
    const { id: sessionId, userId, expiresAt } = this.session;
    if (!this.isOpen || expiresAt === undefined) {
      return;
    }
    this.context.events.emit('expiring', { sessionId, userId, expiresAt });
    // Without strategies that judge a message the client cannot renew; the application still can, by `sessions.refresh()`.
    if (this.renewedBy.length > 0 && !this.#ended) {
      this.connection.send('expiring', { expiresAt });
    }
  }

  /** From here on the connection dispatches nothing of its client, and sends nothing of the application. */
  #stop(): void {
    this.#ended = true;
    this.#expiry?.stop();
    this.#reauthentication?.stop();
    this.context.sessions.delete(this);
    this.context.leases?.release(this.session);
  }

  #disconnected(code: number): void {
    const { events } = this.context;
    if (events.has('disconnected')) {
      const { id: sessionId, userId } = this.session;
      events.emit('disconnected', { sessionId, userId, code });
    }
  }

  #announce(why: Ending['why']): void {
    if (why === 'expired' || why === 'revoked') {
      const { id: sessionId, userId } = this.session;
      this.context.events.emit(why, { sessionId, userId });
    }
  }
}
