import { Attempt } from '../authentication/attempt.js';
import type { Authenticated } from '../authentication/authenticated.js';
import type { Authenticator } from '../authentication/authenticator.js';
import type { Subject } from '../authentication/credential-judge.js';
import { rememberJudgement } from '../authentication/judgement.js';
import type { PendingBudget } from '../authentication/pending-budget.js';
import type { Credential } from '../credentials/credential.js';
import { failed } from '../authentication/strategy-refusal.js';
import type { Policy } from '../policy/policy.js';
import type { WsAuthTelemetry } from '../policy/telemetry.js';
import type { WsAuthSession } from '../sessions/session.js';
import { Refusal, refusedBy } from '../protocol/refusal.js';
import type { Peer } from './peer.js';

/** A session that can be renewed, or ended for failing to. */
export interface Renewable {
  readonly context: {
    readonly policy: Policy;
    readonly authenticator: Authenticator;
    readonly telemetry: WsAuthTelemetry | undefined;
    readonly budget: PendingBudget;
  };
  readonly peer: Peer;
  readonly session: WsAuthSession;
  /** Strategies that may renew the session. */
  readonly renewedBy: readonly string[];
  renew(next: Authenticated): unknown;
  refuse(refusal: Refusal): void;
}

const minuteMs = 60_000;

/** Authentication on a connection that has a session, whichever extractor found its first credential. */
export class Reauthentication {
  #attempt: Attempt | undefined;
  #windowEnd = 0;
  #inWindow = 0;

  constructor(private readonly session: Renewable) {}

  /** Runs the strategies on a credential: one attempt at a time, and no more than the policy allows in a minute. */
  attempt(read: () => Credential | Refusal): void {
    if (this.#attempt) {
      this.#refuse(refusedBy('renewal-running', 'ERR_WS_AUTH_BUSY'));
    } else if (this.#isTooOften()) {
      this.#refuse(refusedBy('renewals-per-minute', 'ERR_WS_AUTH_BUSY'));
    } else {
      this.#authenticate(read).catch((cause: unknown) => this.#refuse(failed(cause)));
    }
  }

  stop(): void {
    this.#attempt?.abort();
  }

  async #authenticate(read: () => Credential | Refusal): Promise<void> {
    const { policy } = this.session.context;
    const credential = read();
    if (credential instanceof Refusal) {
      this.#refuse(credential);
      return;
    }
    // The kernel forgets the address when the client leaves, and the strategy may still run then.
    this.session.peer.identify();
    const attempt = new Attempt(() => (this.#attempt = undefined));
    attempt.endWithin(policy.authTimeoutMs);
    this.#attempt = attempt;
    let onEnd: (() => void) | undefined;
    attempt.onAbort(() => {
      onEnd = this.#abandon(attempt);
    });
    const result = await this.#judge(credential, attempt);
    onEnd?.();
    if (!attempt.running) {
      return;
    }
    attempt.settle();
    if (result instanceof Refusal) {
      this.#refuse(result);
    } else {
      this.#renew(result);
    }
  }

  /**
   * The session has ended, or the strategies take too long. They still run, and count against the limits of those who
   * connect: a client that comes back for the next attempt must not run any number of them.
   */
  #abandon({ refusal }: Attempt): () => void {
    const { context, peer } = this.session;
    const onEnd = context.budget.adopt(peer);
    if (refusal) {
      this.#refuse(refusal);
    }
    return onEnd;
  }

  /** An exception while judging is a refusal. */
  async #judge(credential: Credential, attempt: Attempt): Promise<Authenticated | Refusal> {
    const { authenticator } = this.session.context;
    try {
      return await authenticator.authenticate(this.#subject(), credential, attempt);
    } catch (cause) {
      return failed(cause);
    }
  }

  #renew(next: Authenticated): void {
    const { telemetry } = this.session.context;
    const { extractor, strategy } = next.session;
    const renewed = this.session.renew(next);
    if (!(renewed instanceof Refusal)) {
      telemetry?.attempted({ phase: 'reauthentication', outcome: 'accepted', extractor, strategy });
      return;
    }
    if (telemetry) {
      rememberJudgement(renewed, next.session);
    }
    this.#refuse(renewed);
  }

  /** What middleware and strategies saw at the upgrade, with the cookies and the credential redacted. */
  #subject(): Subject {
    const { peer } = this.session;
    const { request } = peer;
    const { url = '', headers } = request;
    return { request, original: { url, bareUrl: url, headers }, client: peer };
  }

  #refuse(refusal: Refusal): void {
    this.session.refuse(refusal);
  }

  #isTooOften(): boolean {
    const now = performance.now();
    if (now >= this.#windowEnd) {
      this.#windowEnd = now + minuteMs;
      this.#inWindow = 0;
    }
    this.#inWindow += 1;
    return this.#inWindow > this.session.context.policy.maxReauthenticationsPerMinute;
  }
}
