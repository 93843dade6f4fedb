import { Credential } from '../credentials/credential.js';
import { findCredential, isExplicit, isNotForUs } from '../credentials/find-credential.js';
import type { Policy } from '../policy/policy.js';
import type { Handshake } from '../protocol/handshake.js';
import { Refusal, refusedBy } from '../protocol/refusal.js';
import { anonymousProof, type Proof } from '../sessions/proof.js';
import type { SessionLeases } from '../cluster/session-leases.js';
import { WsAuthSession } from '../sessions/session.js';
import { abandon } from './abandon.js';
import { aborted, type Attempt } from './attempt.js';
import type { Authenticated } from './authenticated.js';
import { isOriginAllowed, originDiagnosis } from './origin-check.js';
import { hasPresentedNothing, isUnasked, presentsAnything } from './presented.js';
import { CredentialJudge, type AuthenticatorChecks, type Subject } from './credential-judge.js';
import { noTokenFound } from './strategy-answer.js';
import type { StrategyChain } from './strategy-chain.js';
import { mayHoldToken, withUnread } from './unread-places.js';

/** What is decided about a connection: a session, a refusal, or to wait for the first message. */
export type Decision = Authenticated | Refusal | 'defer';

/** The same for an upgrade. */
export interface UpgradeSubject extends Subject {
  readonly handshake: Handshake;
}

/**
 * Decides about connections. It knows no socket and no gateway: adapters translate.
 */
export class Authenticator {
  readonly #judge: CredentialJudge;

  constructor(
    readonly policy: Policy,
    private readonly chain: StrategyChain,
    readonly checks: AuthenticatorChecks,
  ) {
    this.#judge = new CredentialJudge(policy, chain, checks);
  }

  /**
   * Decides on a handshake: extract the credential, check the origin, run the strategies.
   *
   * @throws what an extractor of the application throws
   */
  async decide(subject: UpgradeSubject, attempt: Attempt): Promise<Decision> {
    const { policy } = this;
    const found = findCredential(policy.handshakeExtractors, subject.handshake, policy.limits);
    if (found instanceof Refusal && this.#countsAsNone(found, subject)) {
      attempt.passedOver = isNotForUs(found) ? undefined : found;
    } else if (found instanceof Refusal) {
      this.#judge.count(found, { address: subject.client.address, account: undefined });
      return this.chain.challenge(found);
    }
    const credential = found instanceof Credential ? found : undefined;
    const isAllowed = await isOriginAllowed(subject, credential, policy);
    if (!attempt.running) {
      return aborted(attempt);
    }
    if (!isAllowed) {
      return refusedBy('origin', 'ERR_WS_AUTH_ORIGIN_REFUSED', {
        ...(credential && { extractor: credential.extractor }),
        origin: originDiagnosis(subject, policy),
      });
    }
    if (!credential) {
      return this.#withoutCredential(subject);
    }
    const decision = await this.enter(subject, credential, attempt);
    return this.#unlessItCountsAsNone(decision, subject, credential, attempt);
  }

  /** Whether the handshake presents a credential that strategies would judge. */
  presents(subject: UpgradeSubject): boolean {
    const { policy } = this;
    const found = findCredential(policy.handshakeExtractors, subject.handshake, policy.limits);
    return (
      found instanceof Credential &&
      (found.content.scheme !== 'request' || presentsAnything(subject, policy))
    );
  }

  /** A credential that is refused counts as none where no strategy has read it, or the client has not chosen to send it. */
  #unlessItCountsAsNone(
    decision: Authenticated | Refusal,
    subject: UpgradeSubject,
    credential: Credential,
    attempt: Attempt,
  ): Decision {
    const { policy } = this;
    if (credential.content.scheme === 'Basic') {
      return this.#unlessUnread(decision);
    }
    if (hasPresentedNothing(subject, credential, { policy, attempt })) {
      return this.#unlessNothingSent(decision, subject, attempt);
    }
    const mayDefer = policy.firstMessage && isUnasked(credential, subject, policy);
    return mayDefer ? unlessRejected(decision, attempt) : decision;
  }

  /**
   * A scheme that no extractor reads, such as the Basic of a staging proxy, and a malformed cookie, which a page cannot remove,
   * do not stand in the way of a first message.
   */
  #countsAsNone(refusal: Refusal, { handshake }: UpgradeSubject): boolean {
    const { handshakeExtractors, firstMessage, limits } = this.policy;
    if (!firstMessage || isNotForUs(refusal)) {
      return firstMessage !== undefined;
    }
    const explicit = findCredential(handshakeExtractors.filter(isExplicit), handshake, limits);
    return explicit === undefined || (explicit instanceof Refusal && isNotForUs(explicit));
  }

  /** HTTP Basic that no strategy has read is for something else, such as a proxy: browsers attach it to every request of its site. */
  #unlessUnread(decision: Authenticated | Refusal): Decision {
    const isRefused = decision instanceof Refusal && this.policy.firstMessage !== undefined;
    const answers = isRefused ? (decision.diagnosis.strategies ?? []) : [];
    const isUnread = answers.length > 0 && answers.every(({ answer }) => answer === noTokenFound);
    return isUnread ? 'defer' : decision;
  }

  /** A strategy that reads the request itself has found nothing there, as nothing was sent. */
  #unlessNothingSent(decision: Decision, subject: Subject, attempt: Attempt): Decision {
    if (!(decision instanceof Refusal) || !decision.asksForAnother) {
      return decision;
    }
    if (mayHoldToken(subject.original)) {
      attempt.passedOver = decision;
    }
    return this.#withoutCredential(subject, decision);
  }

  /** Refuses a credential that the strategies have accepted. */
  refuse(refusal: Refusal, proof: Proof): Refusal {
    return this.#judge.refuse(refusal, proof);
  }

  /** Runs the strategies on the credential of a new connection, and finds it a place among those of its user. */
  async enter(
    subject: Subject,
    credential: Credential,
    attempt: Attempt,
  ): Promise<Authenticated | Refusal> {
    const result = await this.#judge.judge(subject, credential, attempt);
    return this.#withLease(result, attempt);
  }

  /**
   * Checks a client again that was accepted earlier and has waited since: whether its credential is revoked by now, and whether its user
   * has a place left.
   */
  async readmit(authenticated: Authenticated, attempt: Attempt): Promise<Authenticated | Refusal> {
    const result = await this.#judge.checkAgain(authenticated, attempt);
    return this.#withLease(result, attempt);
  }

  #withLease(
    result: Authenticated | Refusal,
    attempt: Attempt,
  ): Authenticated | Refusal | Promise<Authenticated | Refusal> {
    const { leases } = this.checks;
    return leases && !(result instanceof Refusal)
      ? this.#claimLease(leases, result, attempt)
      : result;
  }

  async #claimLease(
    leases: SessionLeases,
    result: Authenticated,
    attempt: Attempt,
  ): Promise<Authenticated | Refusal> {
    const full = await leases.enter(result.session, this.policy);
    // A node that has lost its store meanwhile has already closed the sessions that were there.
    const refusal = full ?? this.checks.revocations?.refuseOutdated();
    if (attempt.running && !refusal) {
      return result;
    }
    leases.release(result.session);
    return attempt.running && refusal ? refusal : abandon(result, attempt, this.checks.users);
  }

  /** Runs the strategies on a credential that is to renew a session. */
  authenticate(
    subject: Subject,
    credential: Credential,
    attempt: Attempt,
  ): Promise<Authenticated | Refusal> {
    return this.#judge.judge(subject, credential, attempt);
  }

  /** @param refusal the answer of a strategy that reads the request itself to a request without a credential */
  #withoutCredential(subject: Subject, refusal?: Refusal): Decision {
    const { policy } = this;
    if (policy.firstMessage) {
      return 'defer';
    }
    return policy.optional ? anonymous(policy) : this.#demandCredential(subject, refusal);
  }

  /** Strategies answer a missing credential with 400, which becomes a 401. */
  #demandCredential({ original }: Subject, refusal: Refusal | undefined): Refusal {
    if (refusal?.isUnauthorized) {
      return refusal;
    }
    const required = refusedBy('no-credential', 'ERR_WS_AUTH_CREDENTIAL_REQUIRED', {
      extractor: this.policy.handshakeExtractors.map(({ name }) => name).join('+'),
    });
    return this.chain.challenge(withUnread(required, original));
  }
}

function anonymous({ maxSessionAgeMs, transport }: Policy): Authenticated {
  const now = Date.now();
  const session = new WsAuthSession({
    user: null,
    userId: undefined,
    info: undefined,
    strategy: undefined,
    extractor: 'none',
    transport,
    authenticatedAt: now,
    expiresAt: maxSessionAgeMs === Number.POSITIVE_INFINITY ? undefined : now + maxSessionAgeMs,
  });
  return { session, proof: anonymousProof };
}

/**
 * A rejected credential that the browser has attached by itself does not stand in the way of a first message: a page cannot
 * remove an `HttpOnly` cookie. It still counts as a failed attempt.
 */
function unlessRejected(decision: Authenticated | Refusal, attempt: Attempt): Decision {
  if (!(decision instanceof Refusal)) {
    return { ...decision, mayDefer: true };
  }
  if (!decision.blamesCredential) {
    return decision;
  }
  attempt.passedOver = decision;
  return 'defer';
}
