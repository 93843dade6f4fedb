import type { Credential } from '../credentials/credential.js';
import type { Policy } from '../policy/policy.js';
import type { WsAuthPhase, WsAuthTelemetry, WsAuthVerdict } from '../policy/telemetry.js';
import { Refusal } from '../protocol/refusal.js';
import type { Attempt } from './attempt.js';
import type { Authenticated } from './authenticated.js';
import { Authenticator, type AuthenticatorChecks, type Subject } from './authenticator.js';
import { rememberJudgement, type Judgement } from './judgement.js';
import type { StrategyChain } from './strategy-chain.js';

type Result = Authenticated | Refusal;

/** One credential on its way. */
interface Observed {
  readonly phase: WsAuthPhase;
  readonly subject: Subject;
  readonly credential: Credential;
  readonly attempt: Attempt;
}

/** An authenticator that is watched. Where nobody watches, there is none of it. */
export class ObservedAuthenticator extends Authenticator {
  readonly #entering = new WeakSet<Attempt>();

  constructor(
    policy: Policy,
    chain: StrategyChain,
    checks: AuthenticatorChecks,
    private readonly telemetry: WsAuthTelemetry,
  ) {
    super(policy, chain, checks);
  }

  override enter(subject: Subject, credential: Credential, attempt: Attempt): Promise<Result> {
    this.#entering.add(attempt);
    const isMessage = credential.extractor === this.policy.firstMessage?.name;
    const phase = isMessage ? 'message' : 'handshake';
    return this.#observe({ phase, subject, credential, attempt }, () =>
      super.enter(subject, credential, attempt),
    );
  }

  override authenticate(
    subject: Subject,
    credential: Credential,
    attempt: Attempt,
  ): Promise<Result> {
    const run = () => super.authenticate(subject, credential, attempt);
    return this.#entering.has(attempt)
      ? run()
      : this.#observe({ phase: 'reauthentication', subject, credential, attempt }, run);
  }

  async #observe(observed: Observed, run: () => Promise<Result>): Promise<Result> {
    const { phase, subject, credential, attempt } = observed;
    const { request, client } = subject;
    const { extractor: transport } = credential;
    const judgement = { phase, transport, strategy: this.#onlyStrategyFor(credential) };
    attempt.onRefusal = (refusal) => rememberJudgement(refusal, judgement);
    let result: Result = new Refusal('ERR_WS_AUTH_STRATEGY_FAILED');
    const about = { phase, transport, path: client.path, headers: request.headers };
    await this.telemetry.around(about, async () => {
      result = await run();
      return verdictOn(result, judgement, attempt);
    });
    this.#remember(result, judgement, attempt);
    return result;
  }

  #remember(result: Result, judgement: Judgement, attempt: Attempt): void {
    if (!(result instanceof Refusal)) {
      return;
    }
    rememberJudgement(result, judgement);
    if (isAbandoned(attempt)) {
      this.telemetry.attempted({ ...judgement, outcome: 'abandoned' });
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
  const { code, httpStatus } = result;
  return { outcome: 'refused', strategy, code, isServerError: httpStatus >= 500 };
}

/** The client has left, and nobody is told. */
function isAbandoned(attempt: Attempt): boolean {
  return !attempt.running && attempt.refusal === undefined;
}
