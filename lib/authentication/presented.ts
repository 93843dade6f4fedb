import type { Credential } from '../credentials/credential.js';
import { isOfEveryRequest, secretOfAuthorization } from '../passport/secret-places.js';
import type { Policy } from '../policy/policy.js';
import type { Attempt } from './attempt.js';
import type { Subject } from './credential-judge.js';

/** Whether the request holds anything that a strategy could take for a credential. */
export function presentsAnything(subject: Subject, policy: Policy): boolean {
  return subject.original.headers.cookie !== undefined || presentsBesideCookies(subject, policy);
}

/** The same for header fields and the query. Browsers attach cookies to every request, also those that belong to other things. */
function presentsBesideCookies(
  { original: { url, bareUrl, headers } }: Subject,
  { redaction }: Policy,
): boolean {
  return bareUrl !== url || [...redaction.headers].some((name) => headers[name] !== undefined);
}

/**
 * Whether a page could not help sending a credential: a cookie, that an extractor has found. What a strategy reads by itself is one if the
 * request holds nothing else but a scheme that browsers attach as well, such as the Basic of a proxy.
 */
export function isUnasked(
  { content, cookie }: Credential,
  subject: Subject,
  policy: Policy,
): boolean {
  return content.scheme === 'request'
    ? subject.original.headers.cookie !== undefined && !presentsExplicitly(subject, policy)
    : cookie;
}

function presentsExplicitly(subject: Subject, policy: Policy): boolean {
  const { authorization, ...headers } = subject.original.headers;
  const isAttached =
    authorization !== undefined && secretOfAuthorization(authorization) === undefined;
  return presentsBesideCookies(
    isAttached ? { ...subject, original: { ...subject.original, headers } } : subject,
    policy,
  );
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

/**
 * Whether a refused client may have guessed a credential. Guests, who present none, must not use up the attempts of others. Middleware
 * may have read anything that clients do not send with every request.
 */
export function mayBeGuess(
  subject: Subject,
  credential: Credential,
  judged: JudgedAttempt,
): boolean {
  const mayBeRead = judged.policy.middleware.length > 0 && holdsMoreThanCookies(subject);
  const isTaken = judged.attempt.taken?.any !== false || mayBeRead;
  return isTaken || !hasPresentedNothing(subject, credential, judged);
}

function holdsMoreThanCookies({ original: { url, headers } }: Subject): boolean {
  const names = Object.keys(headers).filter((name) => name !== 'cookie');
  return url.includes('?') || !names.every(isOfEveryRequest);
}

interface JudgedAttempt {
  readonly policy: Policy;
  readonly attempt: Attempt;
}
