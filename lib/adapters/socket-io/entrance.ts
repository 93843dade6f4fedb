import type { Authenticated } from '../../authentication/authenticated.js';
import type { Decision } from '../../authentication/authenticator.js';
import { renew } from '../../authentication/renewal.js';
import { aborted, type Attempt } from '../../authentication/attempt.js';
import { withUnread } from '../../authentication/unread-places.js';
import type { Credential } from '../../credentials/credential.js';
import { Refusal, refusedBy } from '../../protocol/refusal.js';
import { Admission } from '../admission.js';
import { whileJudging } from '../first-message-judge.js';
import type { Peer } from '../peer.js';
import type { PendingUpgrade } from '../pending-upgrade.js';
import type { SessionContext } from '../session-context.js';
import type { UpgradeDecider } from '../upgrade-decider.js';
import { AcceptedPayload, type Payload } from './payload-digest.js';

type Judged = Authenticated | Refusal;

/** The way of one connection from its handshake to its session, by the CONNECT packets that it sends. */
export class Entrance {
  readonly admission: Admission;
  readonly peer: Peer;
  /** What a CONNECT packet has presented. */
  readonly payload = new AcceptedPayload();
  /** Gone when the session begins: it has the credential, which nothing keeps any longer than it is needed. */
  #upgrade: PendingUpgrade | undefined;
  #attempt: Attempt;
  #accepted: Authenticated | undefined;
  #holds = true;
  /** Whether the client has been a guest since the handshake was judged. */
  #hasRested = false;

  /** @param decider takes a slot for a client that is judged once more */
  constructor(
    private readonly context: SessionContext,
    upgrade: PendingUpgrade,
    private readonly decision: Decision,
    private readonly decider: Pick<UpgradeDecider, 'reserve'>,
  ) {
    this.admission = new Admission(context);
    this.#upgrade = upgrade;
    this.#attempt = upgrade.attempt;
    this.peer = upgrade.peer;
  }

  /** Adds to a refusal what the handshake held that was not read, or was rejected. */
  explain(refusal: Refusal): Refusal {
    const { subject, attempt } = this.#upgrade ?? {};
    return subject ? withUnread(refusal, subject.original, attempt!.passedOver) : refusal;
  }

  /** The request that opened the connection, until its session begins. */
  get upgrade(): PendingUpgrade {
    return this.#upgrade!;
  }

  get attempt(): Attempt {
    return this.#attempt;
  }

  /** Whether code of the application still runs for it. */
  get isBusy(): boolean {
    return this.#upgrade?.isBusy === true;
  }

  /** What a CONNECT packet has authenticated, until its session begins. */
  get accepted(): Authenticated | undefined {
    return this.#accepted;
  }

  /** Whether the handshake presented no credential, so that the client gives way to one that does. */
  get waits(): boolean {
    return this.decision === 'defer';
  }

  /** Name of the extractor that found the credential of the handshake. */
  get extractor(): string | undefined {
    return isAuthenticated(this.decision) ? this.decision.session.extractor : undefined;
  }

  /** Judges a CONNECT packet, and returns why it is refused. */
  async judge(payload: Payload): Promise<Refusal | undefined> {
    if (this.#accepted) {
      return this.payload.knows(payload) ? undefined : severalCredentials;
    }
    const result = await this.#readmit(await this.#judge(payload));
    if (result instanceof Refusal) {
      return result;
    }
    const unfit = this.admission.refuse(result);
    if (unfit) {
      this.admission.release(result);
      return unfit;
    }
    this.#accepted = result;
    this.payload.remember(payload);
    return undefined;
  }

  /** Why the session that was accepted may not begin any more: middleware of the application has run meanwhile. */
  reconsider(): Refusal | undefined {
    const unfit =
      this.#attempt.running && this.#accepted
        ? this.admission.refuse(this.#accepted)
        : aborted(this.#attempt);
    if (unfit) {
      this.forgetAccepted();
    }
    return unfit;
  }

  /** Gives back what a CONNECT packet has authenticated. What the handshake has stays. */
  forgetAccepted(): void {
    if (this.#accepted && this.#accepted !== this.decision) {
      this.admission.release(this.#accepted);
    }
    this.#accepted = undefined;
  }

  /** The client is a guest, who waits for nothing: it gives back its slot, and the place among the sessions of its user. */
  rest(): void {
    this.#hasRested = true;
    this.forgetAccepted();
    this.abandon();
    this.settle();
    this.letGo();
  }

  /**
   * Takes a slot again, for a client that has joined a public namespace before.
   *
   * @param onAbort called if the new attempt is aborted
   */
  reenter(onAbort: () => void): Refusal | undefined {
    if (this.#attempt.running) {
      return undefined;
    }
    const { subject, peer } = this.upgrade;
    const upgrade = this.decider.reserve(subject, peer, () => true);
    if (upgrade instanceof Refusal) {
      return upgrade;
    }
    this.#upgrade = upgrade;
    this.#attempt = upgrade.attempt;
    upgrade.hold();
    this.#holds = true;
    this.#attempt.onAbort(onAbort);
    this.#attempt.endWithin(this.context.policy.authTimeoutMs);
    return undefined;
  }

  /** The way is done. The slot is kept until {@link letGo}. */
  settle(): void {
    this.#attempt.settle();
  }

  letGo(): void {
    if (this.#holds) {
      this.#holds = false;
      this.upgrade.letGo();
    }
  }

  /** The session begins. */
  complete(): void {
    this.settle();
    this.letGo();
    this.#upgrade = undefined;
    this.#accepted = undefined;
  }

  /** The connection has closed. Gives back what it has if it ends without a session, and keeps the slot until {@link letGo}. */
  leave(): void {
    this.#attempt.abort();
    if (this.#upgrade) {
      this.abandon();
    }
  }

  /** Gives back the session that has not begun. */
  abandon(): void {
    const { decision } = this;
    const left = this.#accepted ?? (isAuthenticated(decision) ? decision : undefined);
    this.#accepted = undefined;
    if (left) {
      this.admission.release(left);
    }
  }

  /** What the handshake presented was judged long ago: it may be revoked by now, and its place is another session's. */
  async #readmit(judged: Judged): Promise<Judged> {
    const isOld = this.#hasRested && isAuthenticated(this.decision);
    return isOld && !(judged instanceof Refusal)
      ? await this.#run(() => this.context.authenticator.readmit(judged, this.#attempt))
      : judged;
  }

  async #judge(payload: Payload): Promise<Judged> {
    const { decision } = this;
    if (decision instanceof Refusal) {
      return decision;
    }
    const { firstMessage, limits } = this.context.policy;
    if (decision === 'defer') {
      const credential = firstMessage!.readData(payload, limits);
      return credential instanceof Refusal ? credential : this.#enter(credential);
    }
    if (!firstMessage || payload?.['token'] === undefined || this.#isInHeader(payload)) {
      return decision;
    }
    const credential = firstMessage.readData(payload, limits);
    return credential instanceof Refusal ? credential : this.#prefer(credential, decision);
  }

  /**
   * A cookie that the browser has attached by itself gives way to a credential that the page has chosen. Whatever else the handshake
   * presented has to be of the same user.
   */
  async #prefer(credential: Credential, decision: Authenticated): Promise<Judged> {
    if (decision.mayDefer) {
      this.admission.release(decision);
      return this.#enter(credential);
    }
    const { authenticator } = this.context;
    const { subject, attempt } = this.upgrade;
    const next = await this.#run(() => authenticator.authenticate(subject, credential, attempt));
    return next instanceof Refusal ? next : renew(decision, next);
  }

  #enter(credential: Credential): Promise<Judged> {
    const { authenticator } = this.context;
    const { subject, attempt } = this.upgrade;
    return this.#run(() => authenticator.enter(subject, credential, attempt));
  }

  #run(judge: () => Promise<Judged>): Promise<Judged> {
    return whileJudging(this.context.budget, this.upgrade, judge);
  }

  /** Clients send a token in both places, since pages cannot set headers on every transport. */
  #isInHeader(payload: Payload): boolean {
    const { authorization } = this.upgrade.subject.original.headers;
    return authorization === `Bearer ${String(payload?.['token'])}`;
  }
}

const severalCredentials = refusedBy('several-credentials', 'ERR_WS_AUTH_SEVERAL_CREDENTIALS');

function isAuthenticated(decision: Decision): decision is Authenticated {
  return decision !== 'defer' && !(decision instanceof Refusal);
}
