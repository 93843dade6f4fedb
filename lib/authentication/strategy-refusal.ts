import type { MiddlewareAnswer } from '../passport/middleware-response.js';
import { comesTooLate } from '../passport/thenable.js';
import { bearerErrorOf } from '../protocol/challenge.js';
import type { WsAuthStrategyAnswer } from '../protocol/diagnosis.js';
import { Refusal, type RefusalCode } from '../protocol/refusal.js';
import { isOutage } from './library-fault.js';

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
 * A 5xx, and an error of the connection to what the strategy asks, is a failure of the server: a client that is refused with 401
 * would take its user for logged out, and be counted as guessing.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-3.1 RFC 6750 §3.1}
 */
export function refusalOfFailures(failures: readonly Failure[]): Refusal {
  const named = failures.map(codeOf);
  const decisive = named.findIndex((each) => each !== rejected && each !== malformed);
  if (decisive >= 0) {
    return new Refusal(named[decisive]!, causeOf(failures[decisive]!));
  }
  const allMalformed = named.length > 0 && named.every((each) => each === malformed);
  const redirects = failures.some((each) => each.redirects);
  return new Refusal(allMalformed ? malformed : redirects ? redirected : rejected);
}

function causeOf({ challenge }: Failure): { readonly cause?: Error } {
  return challenge instanceof Error ? { cause: challenge } : {};
}

const rejected = 'ERR_WS_AUTH_CREDENTIAL_REJECTED';
const redirected = 'ERR_WS_AUTH_REDIRECTED';
const malformed = 'ERR_WS_AUTH_MALFORMED_CREDENTIAL';

function codeOf({ challenge, status }: Failure): RefusalCode {
  const named = typeof status === 'number' ? codes[status] : undefined;
  if (named !== undefined) {
    return named;
  }
  if (typeof status === 'number' && status >= 500 && status < 600) {
    return 'ERR_WS_AUTH_STRATEGY_FAILED';
  }
  if (isOutage(challenge)) {
    return 'ERR_WS_AUTH_UNAVAILABLE';
  }
  return bearerErrorOf(challenge) === 'insufficient_scope' ? 'ERR_WS_AUTH_NOT_PERMITTED' : rejected;
}

/** A strategy that has failed. It states neither a challenge nor a status if it has not called `fail()`. */
export function failureOf(
  said: WsAuthStrategyAnswer,
  { challenge, status }: Partial<Pick<Failure, 'challenge' | 'status'>> = {},
): Failure {
  return { challenge, status, said };
}

/** A strategy that has answered the request by itself: with a page to log in, as SAML does by POST, or with a refusal. */
export function failureOfAnswer(
  { status, redirects, challenges }: MiddlewareAnswer,
  said: WsAuthStrategyAnswer,
): Failure {
  return { challenge: challenges[0], status, redirects: redirects || status < 400, said };
}

/** Whatever goes wrong on the way to a decision is a no. */
export function failed(cause: unknown): Refusal {
  return new Refusal('ERR_WS_AUTH_STRATEGY_FAILED', { cause });
}

/** The answer of `judge`; an exception refuses as well. */
export function refuseIfThrown<Said>(judge: () => Said): Said | Refusal {
  try {
    return judge();
  } catch (cause) {
    return failed(cause);
  }
}

/**
 * The refusal that an error of a strategy stands for.
 *
 * `validate()` refuses by an exception: one of Nest's HTTP exceptions, a `WsException`, or an error with a `statusCode`, which
 * Nest answers over HTTP. Each 4xx among them, and each `WsException`, is a refusal: with its status where a refusal has that one,
 * otherwise with 401. Everything else is a failure of the application.
 */
export function refusalOfError(error: unknown): Refusal {
  // A promise that was passed to `next()` by mistake may reject, which would end the process.
  orFailure(() => comesTooLate(error));
  const status = orFailure(() => httpStatusOf(error));
  return new Refusal(codeOfError(status), { cause: error });
}

function codeOfError(status: number | undefined): RefusalCode {
  if (status === undefined) {
    return 'ERR_WS_AUTH_STRATEGY_FAILED';
  }
  const isNo = status >= 400 && status < 500;
  return codes[status] ?? (isNo ? rejected : 'ERR_WS_AUTH_STRATEGY_FAILED');
}

/**
 * What a middleware that answered by itself is refused with: its status where a refusal has that one, 401 for any other that does
 * not name an error of the server. It wants a login page if it redirects.
 */
export function refusalOfAnswer(answer: MiddlewareAnswer, middleware: string): Refusal {
  const { status, redirects, retryAfterSeconds } = answer;
  const diagnosis = { check: 'middleware', middleware, status } as const;
  const details = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  return new Refusal(redirects ? redirected : codeOfAnswer(status), { ...details, diagnosis });
}

/** The refusal by an error that a middleware threw, or passed to `next()`. */
export function refusalOfMiddleware(error: unknown, middleware: string): Refusal {
  return refusalOfError(error).diagnosed({ check: 'middleware', middleware });
}

function codeOfAnswer(status: number): RefusalCode {
  if (status === 404) {
    return 'ERR_WS_AUTH_UNKNOWN_PATH';
  }
  return codes[status] ?? (status >= 500 ? 'ERR_WS_AUTH_STRATEGY_FAILED' : rejected);
}

/** The status that an exception names; 401 for a `WsException` without one. */
function httpStatusOf(error: unknown): number | undefined {
  const { getStatus, getError, statusCode } = Object(error) as Partial<Exception>;
  if (typeof getStatus === 'function') {
    return numberOr(getStatus.call(error), undefined);
  }
  if (typeof getError === 'function' && isWsException(error)) {
    const details = Object(getError.call(error)) as { status?: unknown; statusCode?: unknown };
    const status = numberOr(details.status ?? details.statusCode, 401);
    return status >= 400 && status < 500 ? status : 401;
  }
  return error instanceof Error ? numberOr(statusCode, undefined) : undefined;
}

interface Exception {
  getStatus(): unknown;
  getError(): unknown;
  statusCode: unknown;
}

/** By name, since an application may have several copies of `@nestjs/websockets`, and other exceptions have `getError()`, too. */
function isWsException(error: unknown): boolean {
  for (let each: unknown = error; each; each = Object.getPrototypeOf(each)) {
    if (each.constructor.name === 'WsException') {
      return true;
    }
  }
  return false;
}

function numberOr<Otherwise>(value: unknown, otherwise: Otherwise): number | Otherwise {
  return typeof value === 'number' ? value : otherwise;
}

/** An exception may throw when it is asked. */
function orFailure<Said>(ask: () => Said): Said | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}
