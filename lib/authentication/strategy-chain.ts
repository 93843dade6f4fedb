import type { Credential } from '../credentials/credential.js';
import { maxTokens } from '../credentials/jwt-search.js';
import { noBasis, type Basis } from '../passport/basis.js';
import { Evidence } from '../passport/evidence.js';
import { lostCookies } from '../passport/express-members.js';
import type { Outcome } from '../passport/outcome.js';
import { runStrategy } from '../passport/run-strategy.js';
import type { Strategies } from '../passport/strategies.js';
import type { Strategy } from '../passport/strategy.js';
import {
  strategyRequest,
  type StrategyRequest,
  type StrategyRequestParts,
} from '../passport/strategy-request.js';
import { withWholePassword } from '../passport/whole-password.js';
import type { Policy } from '../policy/policy.js';
import type { BearerError } from '../protocol/challenge.js';
import type { WsAuthStrategyAnswer } from '../protocol/diagnosis.js';
import { isRecord } from '../protocol/message.js';
import { Refusal } from '../protocol/refusal.js';
import { safeFieldNames } from '../protocol/safe-name.js';
import { proofOf } from '../sessions/proof.js';
import { abandon } from './abandon.js';
import type { AcceptanceWarnings } from './acceptance-warnings.js';
import { aborted, type Attempt } from './attempt.js';
import type { Authenticated } from './authenticated.js';
import { beginSession, withHttpSession } from './begin-session.js';
import { bearerErrorFor, Challenges } from './challenges.js';
import { KeyCheck } from './key-check.js';
import { readPrincipal, type NotAccepted } from './principal.js';
import { acceptedBut, answerOf } from './strategy-answer.js';
import {
  failureOf,
  failureOfAnswer,
  refusalOfError,
  refusalOfFailures,
  type Failure,
} from './strategy-refusal.js';

/** One credential for the strategies to judge. */
export interface StrategyRun extends StrategyRequestParts {
  readonly attempt: Attempt;
}

/** One strategy on its way to judge the credential. */
interface StrategyAttempt {
  readonly name: string;
  readonly judged: StrategyRun;
  readonly request: StrategyRequest;
  /** Cookies that middleware has set before. */
  readonly cookies: number;
  /** Absent where no strategy of that name is registered. */
  readonly run: Run | undefined;
}

/** A strategy, ready to run on one request. */
interface Run {
  readonly strategy: Strategy;
  readonly evidence: Evidence;
}

/** What looks at the users that strategies accept. */
export interface UserChecks {
  readonly keys: KeyCheck;
  readonly warnings?: AcceptanceWarnings;
  /** Called for a credential that was accepted when its attempt was over already, so that it opens no session. */
  readonly unused?: (accepted: Authenticated) => void;
}

type Success = Extract<Outcome, { type: 'success' }>;
type Passed = Extract<Outcome, { type: 'pass' }>;

/** Runs the strategies of a policy in order, to the first that succeeds. */
export class StrategyChain {
  readonly #challenges: Challenges;

  constructor(
    private readonly policy: Policy,
    private readonly strategies: Strategies,
    private readonly checks: UserChecks = { keys: new KeyCheck(policy) },
    /** Options of `authenticate()`. */
    private readonly options: object = {},
  ) {
    this.#challenges = new Challenges(policy);
  }

  async run(judged: StrategyRun): Promise<Authenticated | Refusal> {
    const { credential, attempt } = judged;
    const failures: Failure[] = [];
    for (const name of credential.strategy ?? this.policy.strategy) {
      // After the client has left, no other strategy is asked: those that were asked have all refused.
      if (failures.length > 0 && !attempt.running) {
        break;
      }
      attempt.asking = name;
      const asked = this.#prepare(name, judged);
      const outcome = await this.#ask(asked);
      if (credential.content.scheme === 'request') {
        this.#noteTaken(outcome, asked);
      }
      const result = this.#conclude(outcome, asked);
      if (result instanceof Refusal) {
        return this.#refuse(result, credential, failures, answerOf(outcome, asked));
      }
      if ('session' in result) {
        // A yes that comes after the attempt has ended opens no session, and does not count as a failure.
        return attempt.running ? result : abandon(result, attempt, this.checks);
      }
      failures.push(result);
    }
    return this.#refuse(refusalOfFailures(failures), credential, failures);
  }

  /** A strategy that passes has found nothing. What middleware has made of a request is not watched. */
  #noteTaken({ type }: Outcome, { run, judged: { attempt } }: StrategyAttempt): void {
    const isWatched = run !== undefined && this.policy.middleware.length === 0;
    const cookie = type !== 'pass' && run?.evidence.mayBeCookie !== false;
    const any = isWatched ? run.evidence.mayBeCookie || run.evidence.mayBeOther : type !== 'pass';
    const { taken } = attempt;
    attempt.taken = {
      cookie: taken?.cookie === true || cookie,
      any: taken?.any === true || any,
    };
  }

  /** A session or a refusal; or how the strategy failed, and the next one is asked. */
  #conclude(outcome: Outcome, asked: StrategyAttempt): Authenticated | Refusal | Failure {
    switch (outcome.type) {
      case 'success':
        return this.#open(outcome, asked, asked.run!.evidence.basis());
      case 'fail':
        return failureOf(answerOf(outcome, asked), outcome);
      case 'redirect':
        return { ...failureOf(answerOf(outcome, asked)), redirects: true };
      case 'answer':
        return failureOfAnswer(outcome.answer, answerOf(outcome, asked));
      case 'pass':
        return this.#openPresent(outcome, asked) ?? failureOf(answerOf(outcome, asked));
      case 'error':
        return refusalOfError(outcome.error);
      case 'aborted':
        return aborted(asked.judged.attempt);
    }
  }

  /** Adds the challenges that a 401 must carry (RFC 9110 §15.5.2). */
  challenge(
    refusal: Refusal,
    fromStrategies: readonly unknown[] = [],
    bearerError?: BearerError,
  ): Refusal {
    const challenged = refusal.isUnauthorized || fromStrategies.length > 0;
    return challenged && refusal.blamesCredential
      ? refusal.withChallenges(this.#challenges.of(fromStrategies, bearerError))
      : refusal;
  }

  #prepare(name: string, judged: StrategyRun): StrategyAttempt {
    const { credential } = judged;
    const request = strategyRequest(judged);
    const asked = { name, judged, request, cookies: lostCookies(request) };
    const registered = this.strategies.find(name);
    if (!registered) {
      return { ...asked, run: undefined };
    }
    const strategy = withWholePassword(registered, credential, request);
    const evidence = new Evidence(strategy, request, credential.content, this.policy.redaction);
    return { ...asked, run: { strategy, evidence } };
  }

  #ask({ judged, request, run }: StrategyAttempt): Outcome | Promise<Outcome> {
    return run
      ? runStrategy(run.strategy, request, judged.attempt, run.evidence.observers, this.options)
      : { type: 'error', error: undefined };
  }

  /**
   * `passport.session()` and the strategy `session` do not call `success()`: they set `request.user` and pass. It counts only
   * where the strategy reads the request itself, so that the session of a cookie does not speak for a bad token.
   */
  #openPresent(
    { user, context }: Passed,
    asked: StrategyAttempt,
  ): Authenticated | Refusal | Failure | undefined {
    const readsRequest = asked.judged.credential.content.scheme === 'request';
    return readsRequest && isRecord(user)
      ? this.#open({ type: 'success', user, info: undefined, context }, asked, noBasis)
      : undefined;
  }

  #open(
    { user, info, context }: Success,
    { name, judged: { credential }, request, cookies }: StrategyAttempt,
    basis: Basis,
  ): Authenticated | Refusal | Failure {
    if (basis.tokens.length > maxTokens) {
      return new Refusal('ERR_WS_AUTH_SEVERAL_CREDENTIALS', { diagnosis: { check: 'tokens' } });
    }
    const { presentedAt, presentedTick } = credential;
    try {
      const proof = withHttpSession(proofOf(basis, user, info, presentedAt), basis, request);
      const principal = readPrincipal({ user, info, proof }, this.policy);
      if (typeof principal === 'string') {
        return this.#notAccepted(principal, name);
      }
      this.checks.warnings?.accepted(principal, name);
      if (lostCookies(request) > cookies) {
        this.checks.warnings?.cookieLost(name);
      }
      return (
        this.checks.keys.check(principal, name) ?? {
          session: beginSession(principal, name, credential, this.policy),
          proof,
          context,
          judges: credential.strategy,
          presentedAt,
          presentedTick,
        }
      );
    } catch (error) {
      return refusalOfError(error);
    }
  }

  /** A strategy that accepts what is refused all the same is a mistake of the application more often than of a client. */
  #notAccepted(check: NotAccepted, strategy: string): Failure {
    this.checks.warnings?.refused(check, strategy);
    return failureOf(acceptedBut(check, strategy));
  }

  /** @param last the answer of the strategy that ended the chain */
  #refuse(
    refusal: Refusal,
    { extractor, content }: Credential,
    failures: readonly Failure[],
    last?: WsAuthStrategyAnswer,
  ): Refusal {
    const fromStrategies = failures.map(({ challenge }) => challenge);
    const said = failures.map((each) => each.said);
    const diagnosed = refusal.diagnosed({
      extractor,
      strategies: last ? [...said, last] : said,
      ...(content.scheme === 'fields' && { fields: safeFieldNames(content.body) }),
    });
    return this.challenge(diagnosed, fromStrategies, bearerErrorFor(refusal, content));
  }
}
