import type { IncomingMessage } from 'node:http';
import type { RevocationCheck } from '../cluster/revocation-check.js';
import type { SessionLeases } from '../cluster/session-leases.js';
import type { Credential } from '../credentials/credential.js';
import type { OriginalParts } from '../credentials/redaction.js';
import type { ClientFacts } from '../passport/client-facts.js';
import { expressRequest, runMiddleware } from '../passport/express-request.js';
import { Site } from '../passport/middleware-application.js';
import { MiddlewareResponse, type MiddlewareAnswer } from '../passport/middleware-response.js';
import type { Policy } from '../policy/policy.js';
import { Refusal } from '../protocol/refusal.js';
import type { Proof } from '../sessions/proof.js';
import { abandon } from './abandon.js';
import { aborted, type Attempt } from './attempt.js';
import type { Authenticated } from './authenticated.js';
import type { FailureKeys, FailureLimits } from './failure-limits.js';
import { StaleCookies } from './stale-cookies.js';
import type { StrategyRun, StrategyChain, UserChecks } from './strategy-chain.js';
import { isUnasked, mayBeGuess } from './presented.js';
import { refusalOfAnswer, refusalOfMiddleware } from './strategy-refusal.js';

/** Everything that strategies may need of a request. */
export interface Subject {
  /** Redacted. */
  readonly request: IncomingMessage;
  /** What the client sent. */
  readonly original: OriginalParts;
  readonly client: ClientFacts;
}

/** What else may refuse a credential, before and after the strategies. */
export interface AuthenticatorChecks {
  readonly failures: FailureLimits | undefined;
  /** Asks the nodes' common store. Absent when this process is alone. */
  readonly revocations: RevocationCheck | undefined;
  /** Counts the sessions of a user on all nodes. Absent where each node counts its own. */
  readonly leases: SessionLeases | undefined;
  /** Look at users, in the chain of strategies. */
  readonly users?: UserChecks;
  /** The application that answers over HTTP, for strategies and middleware that ask for its settings. */
  readonly application?: () => unknown;
}

/** Judges one credential: limits of failed attempts, middleware, strategies and revocations. */
export class CredentialJudge {
  readonly #site: Site;
  readonly #staleCookies = new StaleCookies();

  constructor(
    private readonly policy: Policy,
    private readonly chain: StrategyChain,
    private readonly checks: AuthenticatorChecks,
  ) {
    this.#site = new Site(policy.trust, policy.trustProxy, checks.application);
  }

  /** Runs the strategies on a credential, with the checks before and after them. */
  judge(
    subject: Subject,
    credential: Credential,
    attempt: Attempt,
  ): Promise<Authenticated | Refusal> {
    const { failures, revocations } = this.checks;
    return failures || revocations
      ? this.#judgeWithChecks(subject, credential, attempt)
      : this.#run(subject, credential, attempt);
  }

  async #judgeWithChecks(
    subject: Subject,
    credential: Credential,
    attempt: Attempt,
  ): Promise<Authenticated | Refusal> {
    const { failures } = this.checks;
    const keys = { address: subject.client.address, account: accountOf(credential) };
    const limited = failures && (await failures.check(keys));
    if (limited) {
      return limited;
    }
    if (!attempt.running) {
      return aborted(attempt);
    }
    const result = await this.#run(subject, credential, attempt);
    if (result instanceof Refusal) {
      // Also of a client that has left meanwhile: to leave early must not make guessing free.
      if (this.#isGuess(subject, credential, attempt)) {
        this.count(result, keys);
      }
      return result;
    }
    return await this.checkAgain(result, attempt);
  }

  /** Asks the common store whether a credential that the strategies have accepted is revoked. */
  async checkAgain(accepted: Authenticated, attempt: Attempt): Promise<Authenticated | Refusal> {
    const { revocations, users } = this.checks;
    const isAsked = revocations && !accepted.session.anonymous;
    const revoked = isAsked && (await revocations.check(accepted));
    if (!attempt.running) {
      return abandon(accepted, attempt, users);
    }
    return revoked ? this.refuse(revoked, accepted.proof) : accepted;
  }

  #isGuess(subject: Subject, credential: Credential, attempt: Attempt): boolean {
    const { policy } = this;
    const isRepeated =
      policy.firstMessage !== undefined &&
      isUnasked(credential, subject, policy) &&
      this.#staleCookies.isRepeated(subject, credential);
    return !isRepeated && mayBeGuess(subject, credential, { policy, attempt });
  }

  #run(
    { request, original, client }: Subject,
    credential: Credential,
    attempt: Attempt,
  ): Promise<Authenticated | Refusal> {
    const { tokenPlaces: places, middleware } = this.policy;
    const judged = { request, original, client, credential, attempt, site: this.#site, places };
    return middleware.length === 0 ? this.chain.run(judged) : this.#runBehindMiddleware(judged);
  }

  async #runBehindMiddleware(judged: StrategyRun): Promise<Authenticated | Refusal> {
    const { request, original, credential, attempt } = judged;
    const { middleware } = this.policy;
    const site = this.#site;
    const base = expressRequest(request, partsFor(credential, original), { site, middleware });
    const response = new MiddlewareResponse(base);
    const judge = async () => {
      const { url = '', headers } = base;
      const left = { url, headers, bareUrl: original.bareUrl };
      return this.chain.run({ ...judged, request: base, original: left });
    };
    const refuse = (answer: MiddlewareAnswer, by: string) =>
      this.chain.challenge(refusalOfAnswer(answer, by), answer.challenges);
    const fail = (error: unknown, by: string) =>
      this.chain.challenge(refusalOfMiddleware(error, by));
    const run = { middleware, request: base, response, attempt, proceed: judge, refuse, fail };
    const result = (await runMiddleware<Authenticated | Refusal>(run)) ?? aborted(attempt);
    return this.#conclude(response, result);
  }

  /** Middleware learns how it ended. What it throws then is a failure, too. */
  #conclude(
    response: MiddlewareResponse,
    result: Authenticated | Refusal,
  ): Authenticated | Refusal {
    try {
      response.conclude(result instanceof Refusal ? result.httpStatus : 101);
      return result;
    } catch (error) {
      return refusalOfMiddleware(error, 'finish');
    }
  }

  /** Counts a refused credential as a failed attempt. */
  count(refusal: Refusal, keys: FailureKeys): void {
    if (this.checks.failures && refusal.blamesCredential) {
      this.checks.failures.count(keys);
    }
  }

  /** Refuses a credential that the strategies have accepted. */
  refuse(refusal: Refusal, { tokenIds }: Proof): Refusal {
    const error = tokenIds.length === 0 ? undefined : 'invalid_token';
    return this.chain.challenge(refusal, [], error);
  }
}

/**
 * Middleware sees cookies where they are the credential, or may be, as `cookie-parser` has to verify signed ones: for every other
 * credential the origin may be anyone's.
 */
function partsFor({ content, cookie }: Credential, original: OriginalParts): OriginalParts {
  if (content.scheme === 'request' || cookie || original.headers.cookie === undefined) {
    return original;
  }
  const { cookie: _ambient, ...headers } = original.headers;
  return { ...original, headers };
}

/**
 * Databases compare user names without case, without spaces around them, or in another normalization: each of these spellings would
 * give an attacker further attempts. Names that are not the same share attempts by this, and nothing else.
 */
function accountOf({ content }: Credential): string | undefined {
  return content.scheme === 'Basic'
    ? content.username.normalize('NFKC').trim().toLowerCase()
    : undefined;
}
