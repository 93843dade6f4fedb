import type { Credential } from '../credentials/credential.js';
import type { Policy } from '../policy/policy.js';
import type { Attempt } from './attempt.js';
import type { Subject } from './credential-judge.js';

/** Whether the request holds anything that a strategy could take for a credential. */
export function presentsAnything(subject: Subject, policy: Policy): boolean {
  return subject.original.headers.cookie !== undefined || presentsBesideCookies(subject, policy);
}

/** The same for header fields and the query. Browsers attach cookies to every request, also those that belong to other things. */
export function presentsBesideCookies(
  { original: { url, bareUrl, headers } }: Subject,
  { redaction }: Policy,
): boolean {
  return bareUrl !== url || [...redaction.headers].some((name) => headers[name] !== undefined);
}

/**
 * Whether a client has presented no credential to strategies that read the request by themselves. Cookies are one only if a strategy
 * may have taken one of them.
 */
export function hasPresentedNothing(
  subject: Subject,
  { content }: Credential,
  { policy, attempt }: JudgedAttempt,
): boolean {
  const hasCookie =
    subject.original.headers.cookie !== undefined && attempt.taken?.cookie !== false;
  return content.scheme === 'request' && !hasCookie && !presentsBesideCookies(subject, policy);
}

/** Whether a refused client may have guessed a credential. Guests, who present none, must not use up the attempts of others. */
export function mayBeGuess(
  subject: Subject,
  credential: Credential,
  judged: JudgedAttempt,
): boolean {
  return judged.attempt.taken?.any !== false || !hasPresentedNothing(subject, credential, judged);
}

interface JudgedAttempt {
  readonly policy: Policy;
  readonly attempt: Attempt;
}
