import type { Credential } from '../credentials/credential.js';
import { andThen, type MaybePromise } from '../passport/maybe-promise.js';
import type { Outcome } from '../passport/outcome.js';
import { runStrategy } from '../passport/run-strategy.js';
import type { Strategies } from '../passport/strategies.js';
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
import { httpSessionTokenId, proofOf } from '../sessions/proof.js';
import { WsAuthSession } from '../sessions/session.js';
import { aborted, type Attempt } from './attempt.js';
import type { Authenticated } from './authenticated.js';
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
}

type Success = Extract<Outcome, { type: 'success' }>;

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
    if (name === undefined) {
      return this.#refuse(refusalOfFailures(failures), credential, failures);
    }
    const asked: Asked = { name, judged, request: strategyRequest(judged) };
    return andThen(this.#ask(asked), (outcome) => {
      const result = this.#conclude(presentUser(outcome, judged), asked);
      if (result instanceof Refusal) {
        return this.#refuse(result, credential, failures);
      }
      if ('session' in result) {
        return result;
      }
      failures.push(result);
      return this.#runFrom(index + 1, judged, failures);
    });
  }

  /** A session or a refusal; or how the strategy failed, and the next one is asked. */
  #conclude(outcome: Outcome, asked: Asked): Authenticated | Refusal | Failure {
    switch (outcome.type) {
      case 'success':
        return this.#open(outcome, asked) ?? silent;
      case 'fail':
        return outcome;
      case 'redirect':
        return { ...silent, redirects: true };
      case 'pass':
        return silent;
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

  #ask({ name, judged, request }: Asked): MaybePromise<Outcome> {
    const strategy = this.strategies.find(name);
    return strategy
      ? runStrategy(
          withWholePassword(strategy, judged.credential, request),
          request,
          judged.attempt,
        )
      : { type: 'error', error: undefined };
  }

  #open(
    { user, info, context }: Success,
    { name, judged: { credential }, request }: Asked,
  ): Authenticated | Refusal | undefined {
    try {
      const claimed = proofOf(credential, user, info);
      const sessionToken = claimed.tokenId === undefined ? httpSessionToken(request) : undefined;
      const proof = sessionToken === undefined ? claimed : { ...claimed, tokenId: sessionToken };
      const principal = readPrincipal({ user, info, proof }, this.policy);
      return principal && { session: begin(principal, name, credential), proof, context };
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
  { extractor: transport }: Credential,
): WsAuthSession {
  const authenticatedAt = Date.now();
  return new WsAuthSession({
    user,
    info,
    userId,
    expiresAt,
    strategy,
    transport,
    authenticatedAt,
  });
}

/**
 * `passport.session()` and the strategy `session` do not call `success()`: they set `request.user` and pass. It counts only
 * where the strategy reads the request itself, so that nobody's session speaks for a bad token.
 */
function presentUser(outcome: Outcome, { credential }: Case): Outcome {
  const readsRequest = credential.content.scheme === 'request';
  return outcome.type === 'pass' && readsRequest && isRecord(outcome.user)
    ? { type: 'success', user: outcome.user, info: undefined, context: outcome.context }
    : outcome;
}

/** A session of middleware stands for its cookie as a token does for itself. */
function httpSessionToken(request: StrategyRequest): string | undefined {
  const { sessionID } = request as { readonly sessionID?: unknown };
  return typeof sessionID === 'string' ? httpSessionTokenId(sessionID) : undefined;
}
