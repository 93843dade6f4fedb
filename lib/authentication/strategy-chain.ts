import type { Credential } from '../credentials/credential.js';
import { maxTokens } from '../credentials/jwt.js';
import { noBasis, type Basis } from '../passport/basis.js';
import { Evidence } from '../passport/evidence.js';
import { andThen, type MaybePromise } from '../passport/maybe-promise.js';
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
import { challengesFor, type BearerError } from '../protocol/challenge.js';
import { isRecord } from '../protocol/message.js';
import { Refusal } from '../protocol/refusal.js';
import { httpSessionTokenId, proofOf, withTokenId, type Proof } from '../sessions/proof.js';
import { WsAuthSession } from '../sessions/session.js';
import { aborted, type Attempt } from './attempt.js';
import type { Authenticated } from './authenticated.js';
import { KeyCheck } from './key-check.js';
import { readPrincipal, type Principal } from './principal.js';
import { refusalOfError, refusalOfFailures, type Failure } from './strategy-refusal.js';

/** One credential for the strategies to judge. */
export interface Case extends StrategyRequestParts {
  readonly attempt: Attempt;
}

/** One of the strategies that a case is put to. */
interface Asked {
  readonly name: string;
  readonly judged: Case;
  readonly request: StrategyRequest;
  /** Absent where no strategy of that name is registered. */
  readonly run: Run | undefined;
}

/** A strategy, ready to run on one request. */
interface Run {
  readonly strategy: Strategy;
  readonly evidence: Evidence;
}

type Success = Extract<Outcome, { type: 'success' }>;
type Passed = Extract<Outcome, { type: 'pass' }>;

/** RFC 6750 §3.1. */
const bearerErrors: Readonly<Record<number, BearerError>> = {
  400: 'invalid_request',
  401: 'invalid_token',
  403: 'insufficient_scope',
};

const silent: Failure = { challenge: undefined, status: undefined };

/** Runs the strategies of a policy in order, to the first that succeeds. */
export class StrategyChain {
  readonly #ownChallenges = new Map<BearerError | undefined, readonly string[]>();

  constructor(
    private readonly policy: Policy,
    private readonly strategies: Strategies,
    private readonly keys = new KeyCheck(policy),
  ) {}

  run(judged: Case): MaybePromise<Authenticated | Refusal> {
    return this.#runFrom(0, judged, []);
  }

  #runFrom(
    index: number,
    judged: Case,
    failures: Failure[],
  ): MaybePromise<Authenticated | Refusal> {
    const { credential } = judged;
    const name = (credential.strategy ?? this.policy.strategy)[index];
    // After the client has left, no other strategy is asked: those that were asked have all refused.
    if (name === undefined || (failures.length > 0 && !judged.attempt.running)) {
      return this.#refuse(refusalOfFailures(failures), credential, failures);
    }
    const asked = this.#prepare(name, judged);
    return andThen(this.#ask(asked), (outcome) => {
      const result = this.#conclude(outcome, asked);
      if (result instanceof Refusal) {
        return this.#refuse(result, credential, failures);
      }
      if ('session' in result) {
        // A yes that comes after the attempt has ended opens no session, and does not count as a failure.
        return judged.attempt.running ? result : aborted(judged.attempt);
      }
      failures.push(result);
      return this.#runFrom(index + 1, judged, failures);
    });
  }

  /** A session or a refusal; or how the strategy failed, and the next one is asked. */
  #conclude(outcome: Outcome, asked: Asked): Authenticated | Refusal | Failure {
    switch (outcome.type) {
      case 'success':
        return this.#open(outcome, asked, asked.run!.evidence.basis()) ?? silent;
      case 'fail':
        return outcome;
      case 'redirect':
        return { ...silent, redirects: true };
      case 'pass':
        return this.#openPresent(outcome, asked) ?? silent;
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
    const challenged = refusal.httpStatus === 401 || fromStrategies.length > 0;
    return challenged && refusal.httpStatus < 404
      ? refusal.withChallenges(this.#challenges(fromStrategies, bearerError))
      : refusal;
  }

  /** Only texts can be challenges; without any there are but a few answers. */
  #challenges(fromStrategies: readonly unknown[], bearerError?: BearerError): readonly string[] {
    const { realm, challengeSchemes: schemes } = this.policy;
    const said = fromStrategies.filter((challenge) => typeof challenge === 'string');
    const known = said.length === 0 ? this.#ownChallenges.get(bearerError) : undefined;
    if (known) {
      return known;
    }
    const challenges = challengesFor({ realm, schemes, fromStrategies: said, bearerError });
    if (said.length === 0) {
      this.#ownChallenges.set(bearerError, challenges);
    }
    return challenges;
  }

  #prepare(name: string, judged: Case): Asked {
    const { credential } = judged;
    const request = strategyRequest(judged);
    const registered = this.strategies.find(name);
    if (!registered) {
      return { name, judged, request, run: undefined };
    }
    const strategy = withWholePassword(registered, credential, request);
    const evidence = new Evidence(strategy, request, credential.content);
    return { name, judged, request, run: { strategy, evidence } };
  }

  #ask({ judged, request, run }: Asked): MaybePromise<Outcome> {
    return run
      ? runStrategy(run.strategy, request, judged.attempt, run.evidence.observers)
      : { type: 'error', error: undefined };
  }

  /**
   * `passport.session()` and the strategy `session` do not call `success()`: they set `request.user` and pass. It counts only
   * where the strategy reads the request itself, so that the session of a cookie does not speak for a bad token.
   */
  #openPresent({ user, context }: Passed, asked: Asked): Authenticated | Refusal | undefined {
    const readsRequest = asked.judged.credential.content.scheme === 'request';
    return readsRequest && isRecord(user)
      ? this.#open({ type: 'success', user, info: undefined, context }, asked, noBasis)
      : undefined;
  }

  #open(
    { user, info, context }: Success,
    { name, judged: { credential }, request }: Asked,
    basis: Basis,
  ): Authenticated | Refusal | undefined {
    if (basis.tokens.length > maxTokens) {
      return new Refusal('ERR_WS_AUTH_SEVERAL_CREDENTIALS');
    }
    try {
      const proof = withHttpSession(proofOf(basis, user, info), basis, request);
      const principal = readPrincipal({ user, info, proof }, this.policy);
      const refusal = principal && this.keys.check(principal, name);
      return (
        refusal ??
        (principal && {
          session: begin(principal, name, credential, this.policy),
          proof,
          context,
          judges: credential.strategy,
        })
      );
    } catch (error) {
      return refusalOfError(error);
    }
  }

  #refuse(refusal: Refusal, credential: Credential, failures: readonly Failure[]): Refusal {
    const { scheme } = credential.content;
    const fromStrategies = failures.map(({ challenge }) => challenge);
    const isToken = scheme === 'Bearer' || scheme === 'fields';
    return this.challenge(
      refusal,
      fromStrategies,
      isToken ? bearerErrors[refusal.httpStatus] : undefined,
    );
  }
}

/** Each fact by its name: to spread an object costs as much as ten of these. */
function begin(
  { user, info, userId, expiresAt }: Principal,
  strategy: string,
  { extractor }: Credential,
  { transport }: Policy,
): WsAuthSession {
  const authenticatedAt = Date.now();
  return new WsAuthSession({
    user,
    info,
    userId,
    expiresAt,
    strategy,
    extractor,
    transport,
    authenticatedAt,
  });
}

/**
 * A session of middleware stands for its cookie as a token does for itself. A token that was merely read does not hide it: a
 * client could add one to keep its connection when it logs out.
 */
function withHttpSession(proof: Proof, basis: Basis, request: StrategyRequest): Proof {
  const { sessionID } = request as { readonly sessionID?: unknown };
  const isNamed = proof.tokenIds.length > 0 && (basis.verified || basis.tokens.length === 0);
  return isNamed || typeof sessionID !== 'string'
    ? proof
    : withTokenId(proof, httpSessionTokenId(sessionID));
}
