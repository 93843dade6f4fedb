import type { MiddlewareAnswer } from '../passport/middleware-response.js';
import { bearerErrorOf } from '../protocol/challenge.js';
import type { WsAuthStrategyAnswer } from '../protocol/diagnosis.js';
import { Refusal, type RefusalCode } from '../protocol/refusal.js';

/** The answer of one strategy that failed. */
export interface Failure {
  /** For the developer. */
  readonly said: WsAuthStrategyAnswer;
  readonly challenge: unknown;
  readonly status: unknown;
  /** Whether it wants to send the user to a login page instead, which no WebSocket client can follow. */
  readonly redirects?: boolean;
}

const codes: Readonly<Record<number, RefusalCode>> = {
  400: 'ERR_WS_AUTH_MALFORMED_CREDENTIAL',
  401: 'ERR_WS_AUTH_CREDENTIAL_REJECTED',
  403: 'ERR_WS_AUTH_NOT_PERMITTED',
  429: 'ERR_WS_AUTH_TOO_MANY_ATTEMPTS',
  503: 'ERR_WS_AUTH_UNAVAILABLE',
};

/**
 * What a failed chain is refused with: the status of the first strategy that named one of those we know, 403 for a token
 * that lacks scope, otherwise 401, which names the way out if a strategy redirects. Anything else a strategy names (999, 200, `'401'`) is clamped to 401, and a 400 counts
 * only if all answer so: it means no more than "not in the form I read".
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-3.1 RFC 6750 §3.1}
 */
export function refusalOfFailures(failures: readonly Failure[]): Refusal {
  const named = failures.map(codeOf);
  const code = named.find((each) => each !== rejected && each !== malformed);
  const allMalformed = named.length > 0 && named.every((each) => each === malformed);
  const redirects = failures.some((each) => each.redirects);
  return new Refusal(code ?? (allMalformed ? malformed : redirects ? redirected : rejected));
}

const rejected = 'ERR_WS_AUTH_CREDENTIAL_REJECTED';
const redirected = 'ERR_WS_AUTH_REDIRECTED';
const malformed = 'ERR_WS_AUTH_MALFORMED_CREDENTIAL';

function codeOf({ challenge, status }: Failure): RefusalCode {
  const named = typeof status === 'number' ? codes[status] : undefined;
  if (named !== undefined) {
    return named;
  }
  return bearerErrorOf(challenge) === 'insufficient_scope' ? 'ERR_WS_AUTH_NOT_PERMITTED' : rejected;
}

/** Whatever goes wrong on the way to a decision is a no. */
export function failed(cause: unknown): Refusal {
  return new Refusal('ERR_WS_AUTH_STRATEGY_FAILED', { cause });
}

/** The answer of `judge`; an exception refuses as well. */
export function orFailed<Said>(judge: () => Said): Said | Refusal {
  try {
    return judge();
  } catch (cause) {
    return failed(cause);
  }
}

/**
 * What a strategy that threw is refused with: 500, unless it threw one of Nest's HTTP exceptions, as `validate()` does to
 * refuse (`throw new UnauthorizedException()`).
 */
export function refusalOfError(error: unknown): Refusal {
  const code = codes[httpStatusOf(error) ?? 0] ?? 'ERR_WS_AUTH_STRATEGY_FAILED';
  return new Refusal(code, { cause: error });
}

/**
 * What a middleware that answered by itself is refused with: its status where a refusal has that one, 401 for any other that does
 * not name an error of the server. It wants a login page if it redirects.
 */
export function refusalOfAnswer({ status, retryAfterSeconds }: MiddlewareAnswer): Refusal {
  const diagnosis = { check: 'middleware' } as const;
  const details = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  return new Refusal(codeOfStatus(status), { ...details, diagnosis });
}

function codeOfStatus(status: number): RefusalCode {
  if (status === 404) {
    return 'ERR_WS_AUTH_UNKNOWN_PATH';
  }
  const other = status >= 500 ? 'ERR_WS_AUTH_STRATEGY_FAILED' : rejected;
  return codes[status] ?? (status >= 300 && status < 400 ? redirected : other);
}

function httpStatusOf(error: unknown): number | undefined {
  const exception = error as { getStatus?: unknown } | null | undefined;
  try {
    const status: unknown =
      typeof exception?.getStatus === 'function' ? exception.getStatus() : undefined;
    return typeof status === 'number' ? status : undefined;
  } catch {
    return undefined;
  }
}
