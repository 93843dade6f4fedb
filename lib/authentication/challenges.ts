import type { CredentialContent } from '../credentials/credential.js';
import type { Policy } from '../policy/policy.js';
import { challengesFor, type BearerError } from '../protocol/challenge.js';
import type { Refusal } from '../protocol/refusal.js';

/** The `WWW-Authenticate` challenges of a policy. */
export class Challenges {
  /** Those without a text of a strategy: there are but a few. */
  readonly #own = new Map<BearerError | undefined, readonly string[]>();

  constructor(private readonly policy: Policy) {}

  /** @param fromStrategies what strategies passed to `fail()`; only texts can be challenges */
  of(fromStrategies: readonly unknown[], bearerError?: BearerError): readonly string[] {
    const { realm, challengeSchemes: schemes } = this.policy;
    const said = fromStrategies.filter((challenge) => typeof challenge === 'string');
    const known = said.length === 0 ? this.#own.get(bearerError) : undefined;
    if (known) {
      return known;
    }
    const challenges = challengesFor({ realm, schemes, fromStrategies: said, bearerError });
    if (said.length === 0) {
      this.#own.set(bearerError, challenges);
    }
    return challenges;
  }
}

/** RFC 6750 §3.1. */
const bearerErrors: Readonly<Record<number, BearerError>> = {
  400: 'invalid_request',
  401: 'invalid_token',
  403: 'insufficient_scope',
};

/** The error of a Bearer challenge to a refused token; `undefined` for any other credential. */
export function bearerErrorFor(
  { httpStatus }: Refusal,
  { scheme }: CredentialContent,
): BearerError | undefined {
  return scheme === 'Bearer' || scheme === 'fields' ? bearerErrors[httpStatus] : undefined;
}
