import type { Credential } from '../credentials/credential.js';
import type { Policy } from '../policy/policy.js';
import type {
  WsAuthObservation,
  WsAuthPhase,
  WsAuthTelemetry,
  WsAuthVerdict,
} from '../policy/telemetry.js';
import { Refusal } from '../protocol/refusal.js';
import { aborted, type Attempt } from './attempt.js';
import type { Authenticated } from './authenticated.js';
import { Authenticator } from './authenticator.js';
import type { AuthenticatorChecks, Subject } from './credential-judge.js';
import { phaseOf, rememberJudgement, type Judgement } from './judgement.js';
import type { StrategyChain } from './strategy-chain.js';
import { failed } from './strategy-refusal.js';

type Result = Authenticated | Refusal;

/** One credential on its way. */
interface Observed {
  readonly phase: WsAuthPhase;
  readonly subject: Subject;
  readonly credential: Credential;
  readonly attempt: Attempt;
}

/** Authenticator that reports to telemetry. Only created when `telemetry` is set. */
export class ObservedAuthenticator extends Authenticator {
  constructor(
    policy: Policy,
    chain: StrategyChain,
    checks: AuthenticatorChecks,
    private readonly telemetry: WsAuthTelemetry,
  ) {
    super(policy, chain, checks);
  }

  override enter(subject: Subject, credential: Credential, attempt: Attempt): Promise<Result> {
    const phase = phaseOf(credential.extractor, this.policy);
    const run = () => super.enter(subject, credential, attempt);
    return this.#observe({ phase, subject, credential, attempt }, run);
  }

  override authenticate(
    subject: Subject,
    credential: Credential,
    attempt: Attempt,
  ): Promise<Result> {
    const run = () => super.authenticate(subject, credential, attempt);
    return this.#observe({ phase: 'reauthentication', subject, credential, attempt }, run);
  }

  async #observe(observed: Observed, run: () => Promise<Result>): Promise<Result> {
    const { credential, attempt } = observed;
    const observation = this.#begin(observed);
    if (!observation) {
      return run();
    }
    const { extractor } = credential;
    const judgement = { extractor, strategy: this.#onlyStrategyFor(credential) };
    attempt.judgement = judgement;
    let concluded = false;
    const conclude = (result: Result) => {
      if (concluded) {
        return result;
      }
      concluded = true;
      attempt.judgement = undefined;
      observation.end(verdictOn(result, judgement, attempt));
      if (result instanceof Refusal) {
        this.#refused(result, judgement, observed);
      }
      return result;
    };
    // A strategy may outlive the attempt, and its span must not.
    attempt.onAbort(() => conclude(aborted(attempt)));
    try {
      return conclude(await observation.within(run));
    } catch (cause) {
      return conclude(failed(cause));
    }
  }

  /** A failure of telemetry refuses no client. */
  #begin({ phase, subject, credential }: Observed): WsAuthObservation | undefined {
    const { path } = subject.client;
    const { extractor } = credential;
    const { headers } = subject.request;
    try {
      return this.telemetry.begin({ phase, extractor, path, headers });
    } catch {
      return undefined;
    }
  }

  /** The code that reports the refusal has no credential. An abandoned attempt is not reported. */
  #refused(refusal: Refusal, judgement: Judgement, { attempt, phase }: Observed): void {
    rememberJudgement(refusal, judgement);
    if (isAbandoned(attempt)) {
      this.telemetry.attempted({ ...judgement, phase, outcome: 'abandoned' });
    }
  }

  #onlyStrategyFor({ strategy }: Credential): string | undefined {
    const names = strategy ?? this.policy.strategy;
    return names.length === 1 ? names[0] : undefined;
  }
}

function verdictOn(result: Result, { strategy }: Judgement, attempt: Attempt): WsAuthVerdict {
  if (!(result instanceof Refusal)) {
    const { strategy: succeeded, userId } = result.session;
    return { outcome: 'accepted', strategy: succeeded, userId, isServerError: false };
  }
  if (isAbandoned(attempt)) {
    return { outcome: 'abandoned', strategy, isServerError: false };
  }
  const { code, isServerError } = result;
  return { outcome: 'refused', strategy, code, isServerError };
}

/** The client has left, so nothing is sent. */
function isAbandoned(attempt: Attempt): boolean {
  return !attempt.running && attempt.refusal === undefined;
}
