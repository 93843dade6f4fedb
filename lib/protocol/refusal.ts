import { revokedReason, WsAuthCloseCode } from './close-code.js';
import type { WsAuthCheck, WsAuthDiagnosis } from './diagnosis.js';

/** What every refusal of one kind has in common. */
interface RefusalKind {
  readonly httpStatus: number;
  readonly closeCode: number;
  /** Constant text for the response body and the close frame: at most 123 bytes, no input of the peer. */
  readonly reason: string;
}

const { Unauthorized, Forbidden, Timeout } = WsAuthCloseCode;
const { GoingAway, UnsupportedData, PolicyViolation } = WsAuthCloseCode;
const { MessageTooBig, InternalError, TryAgainLater } = WsAuthCloseCode;

const kinds = {
  ERR_WS_AUTH_MALFORMED_HANDSHAKE: kind(400, Unauthorized, 'malformed handshake'),
  ERR_WS_AUTH_MALFORMED_CREDENTIAL: kind(400, Unauthorized, 'malformed credential'),
  ERR_WS_AUTH_SEVERAL_CREDENTIALS: kind(400, Unauthorized, 'more than one credential'),
  ERR_WS_AUTH_CREDENTIAL_TOO_LARGE: kind(400, MessageTooBig, 'credential too large'),
  ERR_WS_AUTH_CREDENTIAL_REQUIRED: kind(401, Unauthorized, 'credential required'),
  ERR_WS_AUTH_CREDENTIAL_REJECTED: kind(401, Unauthorized, 'credential rejected'),
  ERR_WS_AUTH_REDIRECTED: kind(401, Unauthorized, 'log in over http first'),
  ERR_WS_AUTH_ORIGIN_REFUSED: kind(403, Forbidden, 'origin refused'),
  ERR_WS_AUTH_NOT_PERMITTED: kind(403, Forbidden, 'not permitted'),
  ERR_WS_AUTH_UNKNOWN_PATH: kind(404, PolicyViolation, 'not found'),
  ERR_WS_AUTH_METHOD_NOT_ALLOWED: kind(405, PolicyViolation, 'method not allowed'),
  ERR_WS_AUTH_UPGRADE_REQUIRED: kind(426, PolicyViolation, 'websocket upgrade required'),
  ERR_WS_AUTH_TOO_MANY_HEADERS: kind(431, PolicyViolation, 'too many header fields'),
  ERR_WS_AUTH_TOO_MANY_ATTEMPTS: kind(429, TryAgainLater, 'too many attempts'),
  ERR_WS_AUTH_TOO_MANY_SESSIONS: kind(429, TryAgainLater, 'too many sessions'),
  ERR_WS_AUTH_OTHER_USER: kind(403, Forbidden, 'other user'),
  ERR_WS_AUTH_REVOKED: kind(401, Unauthorized, revokedReason),
  ERR_WS_AUTH_BUSY: kind(429, PolicyViolation, 'too many authentications'),
  ERR_WS_AUTH_TIMEOUT: kind(503, Timeout, 'authentication timed out'),
  ERR_WS_AUTH_UNSUPPORTED_DATA: kind(400, UnsupportedData, 'text message expected'),
  ERR_WS_AUTH_QUEUE_FULL: kind(503, PolicyViolation, 'too many messages before authentication'),
  ERR_WS_AUTH_STRATEGY_FAILED: kind(500, InternalError, 'authentication failed'),
  ERR_WS_AUTH_UNAVAILABLE: kind(503, TryAgainLater, 'authentication unavailable'),
  ERR_WS_AUTH_OVERLOADED: kind(503, TryAgainLater, 'too many pending connections'),
  ERR_WS_AUTH_SHUTTING_DOWN: kind(503, GoingAway, 'server shutting down'),
} as const satisfies Record<string, RefusalKind>;

function kind(httpStatus: number, closeCode: number, reason: string): RefusalKind {
  return { httpStatus, closeCode, reason };
}

/** The stable names of all refusals. `lib/guides/troubleshooting.md` has the likely causes of each, and what to do. */
export type RefusalCode = keyof typeof kinds;

/** The refusal that has this text, which no other has; `undefined` for a text that is not of this package. */
export function refusalCodeOf(reason: string): RefusalCode | undefined {
  return codes.get(reason);
}

const codes: ReadonlyMap<string, RefusalCode> = new Map(
  Object.entries(kinds).map(([code, { reason }]) => [reason, code as RefusalCode]),
);

/** Facts that differ between two refusals of one kind. */
export interface RefusalDetails {
  /** `WWW-Authenticate` values, one header line each. */
  readonly challenges?: readonly string[];
  /** Value of `Retry-After`, whole seconds. */
  readonly retryAfterSeconds?: number;
  /** The error behind it, for the operator alone: it never leaves the process. */
  readonly cause?: unknown;
  /** Why, in names, for the developer alone: it is never sent. */
  readonly diagnosis?: WsAuthDiagnosis;
}

/**
 * The refusal of a connection, for both sides of the 101.
 *
 * It is a value, not an error: refusing is ordinary work.
 *
 * @publicApi
 */
export class Refusal {
  /** HTTP status before the 101. */
  readonly httpStatus: number;
  /** Close code after the 101. */
  readonly closeCode: number;
  /** Constant text, for the response body and the close frame. */
  readonly reason: string;
  /** `WWW-Authenticate` values, one header line each. */
  readonly challenges: readonly string[];
  /** Value of `Retry-After`, whole seconds. */
  readonly retryAfterSeconds: number | undefined;
  /** The error behind it, for the operator alone: it never leaves the process. */
  readonly cause: unknown;
  /** Why, in names, for the developer alone: it is never sent. */
  readonly diagnosis: WsAuthDiagnosis;

  /** @internal */
  constructor(
    /** The kind of refusal, as in PROTOCOL.md. */
    readonly code: RefusalCode,
    details: RefusalDetails = noDetails,
  ) {
    const { httpStatus, closeCode, reason } = kinds[code];
    this.httpStatus = httpStatus;
    this.closeCode = closeCode;
    this.reason = reason;
    this.challenges = details.challenges ?? noChallenges;
    this.retryAfterSeconds =
      details.retryAfterSeconds ?? (httpStatus === 503 || httpStatus === 429 ? 1 : undefined);
    this.cause = details.cause;
    this.diagnosis = details.diagnosis ?? noDiagnosis;
  }

  /** Whether the credential, or its absence, is refused: 400, 401 and 403. @internal */
  get blamesCredential(): boolean {
    return this.httpStatus < 404;
  }

  /** Whether another credential may help: 400 and 401. @internal */
  get asksForAnother(): boolean {
    return this.httpStatus <= 401;
  }

  /** Whether the client has to prove who it is: 401. @internal */
  get isUnauthorized(): boolean {
    return this.httpStatus === 401;
  }

  /** Whether the application failed: 500. @internal */
  get isFault(): boolean {
    return this.httpStatus === 500;
  }

  /** Whether the server is to blame: 500 and 503. @internal */
  get isServerError(): boolean {
    return this.httpStatus >= 500;
  }

  /** The same refusal with the challenges that a 401 must carry. @internal */
  withChallenges(challenges: readonly string[]): Refusal {
    const { cause, diagnosis } = this;
    return new Refusal(this.code, { challenges, cause, diagnosis });
  }

  /** The same refusal with more of what the developer should know. What an earlier check has found stays. @internal */
  diagnosed(more: WsAuthDiagnosis): Refusal {
    const { challenges, retryAfterSeconds, cause } = this;
    return new Refusal(this.code, {
      challenges,
      cause,
      diagnosis: { ...more, ...this.diagnosis },
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    });
  }
}

/** The refusal by one check of this package. */
export function refusedBy(
  check: WsAuthCheck,
  code: RefusalCode,
  more: WsAuthDiagnosis = noDiagnosis,
): Refusal {
  return new Refusal(code, { diagnosis: { ...more, check } });
}

/** The refusal while a store or a limiter does not answer. */
export function unavailable(cause: unknown): Refusal {
  return new Refusal('ERR_WS_AUTH_UNAVAILABLE', { cause, diagnosis: { check: 'store' } });
}

const noDetails: RefusalDetails = Object.freeze({});
const noChallenges: readonly string[] = Object.freeze([]);
const noDiagnosis: WsAuthDiagnosis = Object.freeze({});
