import type { Credential } from '../credentials/credential.js';
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

  async run(judged: Case): Promise<Authenticated | Refusal> {
    const { credential, attempt } = judged;
    const failures: Failure[] = [];
    for (const name of credential.strategy ?? this.policy.strategy) {
      const request = strategyRequest(judged);
      const outcome = presentUser(await this.#ask(name, judged, request), judged);
      switch (outcome.type) {
        case 'success': {
          const opened = this.#open(name, judged, outcome, request);
          if (opened) {
            return opened instanceof Refusal ? this.#refuse(opened, credential, failures) : opened;
          }
          failures.push(silent);
          break;
        }
        case 'fail':
          failures.push(outcome);
          break;
        case 'redirect':
          failures.push({ ...silent, redirects: true });
          break;
        case 'pass':
          failures.push(silent);
          break;
        case 'error':
          return this.#refuse(refusalOfError(outcome.error), credential, failures);
        case 'aborted':
          return aborted(attempt);
      }
    }
    return this.#refuse(refusalOfFailures(failures), credential, failures);
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

  #ask(name: string, judged: Case, request: StrategyRequest): Promise<Outcome> | Outcome {
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
    strategy: string,
    { credential }: Case,
    { user, info, context }: Success,
    request: StrategyRequest,
  ): Authenticated | Refusal | undefined {
    try {
      const claimed = proofOf(credential, user, info);
      const sessionToken = claimed.tokenId === undefined ? httpSessionToken(request) : undefined;
      const proof = sessionToken === undefined ? claimed : { ...claimed, tokenId: sessionToken };
      const principal = readPrincipal({ user, info, proof }, this.policy);
      return principal && { session: begin(principal, strategy, credential), proof, context };
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
