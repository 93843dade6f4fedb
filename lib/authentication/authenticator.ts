import type { IncomingMessage } from 'node:http';
import { Credential } from '../credentials/credential.js';
import { findCredential } from '../credentials/find-credential.js';
import type { OriginalParts } from '../credentials/redaction.js';
import type { Outcome } from '../passport/outcome.js';
import { runStrategy } from '../passport/run-strategy.js';
import { strategyRequest } from '../passport/strategy-request.js';
import type { Strategies } from '../passport/strategies.js';
import { withWholePassword } from '../passport/whole-password.js';
import type { Policy } from '../policy/policy.js';
import { ownOrigin } from '../policy/proxy-trust.js';
import { challengesFor, type BearerError } from '../protocol/challenge.js';
import type { Handshake } from '../protocol/handshake.js';
import { Refusal } from '../protocol/refusal.js';
import { WsAuthSession } from '../sessions/session.js';
import type { Attempt } from './attempt.js';
import { readPrincipal } from './principal.js';
import { refusalOfError, refusalOfFailures, type Failure } from './strategy-refusal.js';

/** What is decided about a connection: a session, a refusal, or to wait for the first message. */
export type Decision = WsAuthSession | Refusal | 'defer';

/** A valid handshake with everything the strategies may need of it. */
export interface Subject {
  readonly handshake: Handshake;
  /** Redacted. */
  readonly request: IncomingMessage;
  /** What the client sent. */
  readonly original: OriginalParts;
}

/**
 * Decides. It knows no socket and no Nest: adapters translate.
 */
export class Authenticator {
  constructor(
    private readonly policy: Policy,
    private readonly strategies: Strategies,
  ) {}

  /** Decides on a handshake: extract the credential, check the origin, run the strategies. */
  async decide(subject: Subject, attempt: Attempt): Promise<Decision> {
    const { policy } = this;
    const found = findCredential(policy.handshakeExtractors, subject.handshake, policy.limits);
    if (found instanceof Refusal) {
      return this.#challenged(found, []);
    }
    if (!(await this.#isOriginAllowed(subject, found, attempt))) {
      return attempt.running ? new Refusal('ERR_WS_AUTH_ORIGIN_REFUSED') : aborted(attempt);
    }
    return found ? this.authenticate(subject, found, attempt) : this.#withoutCredential();
  }

  /** Runs the strategies on a credential, whichever way it came. */
  async authenticate(
    subject: Subject,
    credential: Credential,
    attempt: Attempt,
  ): Promise<WsAuthSession | Refusal> {
    const failures: Failure[] = [];
    for (const name of credential.strategy ?? this.policy.strategy) {
      const outcome = await this.#run(name, subject, credential, attempt);
      switch (outcome.type) {
        case 'success': {
          const session = this.#open(name, credential, outcome);
          if (session) {
            return session;
          }
          failures.push({ challenge: undefined, status: undefined });
          break;
        }
        case 'fail':
          failures.push(outcome);
          break;
        case 'redirect':
        case 'pass':
          failures.push({ challenge: undefined, status: undefined });
          break;
        case 'error':
          return this.#refuse(refusalOfError(outcome.error), credential, failures);
        case 'aborted':
          return aborted(attempt);
      }
    }
    return this.#refuse(refusalOfFailures(failures), credential, failures);
  }

  async #run(
    name: string,
    subject: Subject,
    credential: Credential,
    attempt: Attempt,
  ): Promise<Outcome> {
    const strategy = this.strategies.find(name);
    if (!strategy) {
      return { type: 'error', error: undefined };
    }
    const request = strategyRequest(subject.request, subject.original, credential, attempt);
    return runStrategy(withWholePassword(strategy, credential, request), request, attempt);
  }

  #open(
    strategy: string,
    credential: Credential,
    { user, info }: { readonly user: unknown; readonly info: unknown },
  ): WsAuthSession | Refusal | undefined {
    let principal;
    try {
      principal = readPrincipal(user, info, credential, this.policy);
    } catch (error) {
      return refusalOfError(error);
    }
    const now = Date.now();
    const expired = principal?.expiresAt !== undefined && principal.expiresAt <= now;
    return principal === undefined || expired
      ? undefined
      : new WsAuthSession({
          ...principal,
          strategy,
          transport: credential.extractor,
          authenticatedAt: now,
        });
  }

  async #isOriginAllowed(
    { handshake, request }: Subject,
    credential: Credential | undefined,
    attempt: Attempt,
  ): Promise<boolean> {
    const answer = askSafely(() =>
      this.policy.origin({
        origin: handshake.origin,
        ownOrigin: () => ownOrigin(request, handshake.host, this.policy.trust),
        ambient: credential?.ambient ?? false,
        cookie: credential?.cookie ?? false,
        request,
      }),
    );
    if (typeof answer === 'boolean') {
      return answer;
    }
    return new Promise((resolve) => {
      attempt.onAbort(() => resolve(false));
      answer.then(
        (allowed: unknown) => resolve(allowed === true),
        () => resolve(false),
      );
    });
  }

  #withoutCredential(): Decision {
    const { policy } = this;
    if (policy.firstMessage) {
      return 'defer';
    }
    return policy.optional
      ? new WsAuthSession({
          user: null,
          userId: undefined,
          info: undefined,
          strategy: undefined,
          transport: 'none',
          authenticatedAt: Date.now(),
          expiresAt: undefined,
        })
      : this.#challenged(new Refusal('ERR_WS_AUTH_CREDENTIAL_REQUIRED'), []);
  }

  #refuse(refusal: Refusal, credential: Credential, failures: readonly Failure[]): Refusal {
    const { scheme } = credential.content;
    const error: BearerError | undefined =
      scheme === 'Bearer' || scheme === 'fields' ? 'invalid_token' : undefined;
    return this.#challenged(
      refusal,
      failures.map(({ challenge }) => challenge),
      error,
    );
  }

  #challenged(refusal: Refusal, fromStrategies: unknown[], bearerError?: BearerError): Refusal {
    const { realm, challengeSchemes: schemes } = this.policy;
    const challenged = refusal.httpStatus === 401 || fromStrategies.length > 0;
    return challenged && refusal.httpStatus < 404
      ? refusal.withChallenges(challengesFor({ realm, schemes, fromStrategies, bearerError }))
      : refusal;
  }
}

/** What an aborted attempt is refused with. Nobody reads it when the client has left. */
function aborted(attempt: Attempt): Refusal {
  return attempt.refusal ?? new Refusal('ERR_WS_AUTH_UNAVAILABLE');
}

/** A predicate of the application fails closed. */
function askSafely(ask: () => boolean | Promise<boolean>): boolean | Promise<boolean> {
  try {
    const answer: unknown = ask();
    return answer instanceof Promise ? (answer as Promise<boolean>) : answer === true;
  } catch {
    return false;
  }
}
