import { aborted } from '../../authentication/attempt.js';
import { withUnread } from '../../authentication/unread-places.js';
import type { Authenticated } from '../../authentication/authenticated.js';
import type { Credential } from '../../credentials/credential.js';
import { Refusal, refusedBy } from '../../protocol/refusal.js';
import { closeGraceMs } from '../close-grace.js';
import type { Admission } from '../admission.js';
import { whileJudging } from '../first-message-judge.js';
import type { PendingUpgrade } from '../pending-upgrade.js';
import { destroyAfter } from '../refuse.js';
import type { SessionContext } from '../session-context.js';
import { limitInput } from '../upgrades/input-limit.js';
import { credentialFields } from './connection-params.js';
import { watchAnswers } from './unasked-answers.js';

/** Bytes that a client may send before its session, beside a credential: pings, frames, and other fields of the payload. */
const framingBytes = 4_096;

const unasked = new Refusal('ERR_WS_AUTH_UNAVAILABLE');

/** What the connections of one server share. */
export interface InitHost {
  readonly context: SessionContext;
  readonly admission: Admission;
  /** The server has answered a client without asking this package about it. */
  onUnasked(): void;
}

/** A connection that is open and waits for `connection_init`. It holds its slot until it has a session or is closed. */
export class PendingInit {
  readonly #liftLimit: () => void;
  readonly #stopWatching: () => void;
  /** What the upgrade presented. */
  #authenticated: Authenticated | undefined;
  #close: ((refusal: Refusal) => void) | undefined;

  constructor(
    private readonly host: InitHost,
    readonly upgrade: PendingUpgrade,
    authenticated: Authenticated | undefined,
  ) {
    const { policy, budget } = host.context;
    const { attempt, peer } = upgrade;
    this.#authenticated = authenticated;
    upgrade.hold();
    // Read the address now: after a disconnect the kernel no longer knows it, and a failure must still be counted.
    peer.identify();
    if (!upgrade.waits) {
      upgrade.wait(policy.authTimeoutMs);
    }
    attempt.deadlineCode = 'ERR_WS_AUTH_TIMEOUT';
    attempt.onAbort(() => this.#aborted());
    if (!authenticated) {
      budget.mayEvict(peer, () => {
        attempt.abort(refusedBy('max-pending', 'ERR_WS_AUTH_OVERLOADED'));
        peer.socket.destroy();
      });
    }
    this.#liftLimit = limitInput(peer.socket, policy.maxCredentialBytes + framingBytes, () => {
      attempt.abort(refusedBy('size', 'ERR_WS_AUTH_CREDENTIAL_TOO_LARGE'));
      peer.socket.destroy();
    });
    this.#stopWatching = watchAnswers(peer.socket, () => {
      attempt.abort(unasked);
      peer.socket.destroy();
      host.onUnasked();
    });
  }

  /**
   * Judges the payload of `connection_init`: its token counts more than what the upgrade presented.
   *
   * @param close closes the connection where strategies take too long; they may still run then
   */
  async judge(
    params: unknown,
    close: (refusal: Refusal) => void,
  ): Promise<Authenticated | Refusal> {
    const { attempt } = this.upgrade;
    this.#stopWatching();
    this.#close = close;
    if (!attempt.running) {
      return aborted(attempt);
    }
    const result = await this.#decide(this.#read(params));
    if (attempt.running) {
      return result;
    }
    this.#release(result);
    return aborted(attempt);
  }

  /**
   * Refuses a client that may not have a session although its credential is good. The session begins synchronously afterwards: two
   * clients must not pass one limit.
   */
  unfit(authenticated: Authenticated): Refusal | undefined {
    const { attempt } = this.upgrade;
    const refusal = attempt.running ? this.host.admission.refuse(authenticated) : aborted(attempt);
    if (refusal) {
      this.#release(authenticated);
    }
    return refusal;
  }

  /** The connection has a session. */
  settle(): void {
    this.#liftLimit();
    this.#authenticated = undefined;
    this.upgrade.attempt.settle();
    this.upgrade.letGo();
  }

  /** The connection is refused, and keeps its slot until it is closed. */
  refuse(refusal: Refusal): void {
    const { attempt } = this.upgrade;
    if (attempt.running) {
      this.#report(refusal);
      attempt.settle();
      this.#endInTime();
    }
  }

  #report(refusal: Refusal): void {
    const { peer, subject, attempt } = this.upgrade;
    const why = withUnread(refusal, subject.original, attempt.passedOver);
    this.host.context.reporter.refused(why, peer, 'message');
  }

  #read(params: unknown): Credential | Refusal | undefined {
    const { firstMessage, limits } = this.host.context.policy;
    const fields = credentialFields(params);
    if (
      !firstMessage ||
      (this.#authenticated && !(fields instanceof Refusal) && !fields?.['token'])
    ) {
      return undefined;
    }
    return fields instanceof Refusal ? fields : firstMessage.readData(fields, limits);
  }

  async #decide(credential: Credential | Refusal | undefined): Promise<Authenticated | Refusal> {
    const ofUpgrade = this.#authenticated;
    this.#authenticated = undefined;
    if (!credential) {
      return ofUpgrade ?? refusedBy('no-credential', 'ERR_WS_AUTH_CREDENTIAL_REQUIRED');
    }
    if (ofUpgrade) {
      this.host.admission.release(ofUpgrade);
    }
    return credential instanceof Refusal ? credential : this.#enter(credential);
  }

  #enter(credential: Credential): Promise<Authenticated | Refusal> {
    const { budget, authenticator } = this.host.context;
    const { attempt, subject } = this.upgrade;
    return whileJudging(budget, this.upgrade, () =>
      authenticator.enter(subject, credential, attempt),
    );
  }

  #release(result: Authenticated | Refusal): void {
    if (!(result instanceof Refusal)) {
      this.host.admission.release(result);
    }
  }

  /** Nothing came in time, the strategies took too long, or the client has left. */
  #aborted(): void {
    const { refusal } = this.upgrade.attempt;
    if (this.#authenticated) {
      this.host.admission.release(this.#authenticated);
      this.#authenticated = undefined;
    }
    if (!refusal) {
      this.upgrade.letGo();
      return;
    }
    this.#report(refusal);
    // Before `connection_init` graphql-ws closes with a code that the client can read, by its own timer.
    this.#close?.(refusal);
    this.#endInTime();
  }

  /** The client may leave the close frame unanswered. It keeps its slot until its socket has closed. */
  #endInTime(): void {
    const { upgrade } = this;
    upgrade.letGoWhenClosed();
    destroyAfter(upgrade.peer.socket, closeGraceMs.pending);
  }
}
