import { revokedReason, type WsAuthCloseAction } from '../protocol/close-code.js';
import type { Token } from './token-source.js';

/** How a connection, or the attempt to make one, ended. */
export interface End {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
  /** What the contract asks for. */
  readonly action: WsAuthCloseAction;
  /** Whether no user is logged in, or no token is accepted. */
  readonly unauthenticated?: boolean;
  /** Whether the server had accepted the token. */
  readonly accepted: boolean;
  /** Whether the session was at its end anyway. */
  readonly expired: boolean;
  /** How long it was authenticated, in milliseconds. */
  readonly openMs: number;
  /** What the token source or the `prepare` of a way threw. */
  readonly cause?: unknown;
  /** The token that was presented last. */
  readonly token?: Token;
}

/** What is remembered from one connection to the next. */
export interface History {
  /** Connections in a row that failed, or were lost. */
  readonly failures: number;
  /** Whether the server refused the last token. */
  readonly refused: boolean;
  /** Since a revocation: how many tokens were refused, and the last of them. */
  readonly revoked?: { readonly tokens: number; readonly last: Token } | undefined;
}

/** How patient a client is. */
export interface Patience {
  readonly backOffMs: number;
  readonly maxBackOffMs: number;
  readonly maxFailures: number;
}

/** No other connection. */
export interface Surrender {
  readonly again: false;
  /** Whether it is because no user is logged in. */
  readonly unauthenticated: boolean;
}

/** Another connection, after a while. */
export interface NextAttempt {
  readonly again: true;
  readonly delayMs: number;
  readonly history: History;
}

/**
 * Tokens state their issue in whole seconds, and a revocation refuses those of its own second. A new token is asked for
 * when that second is over.
 */
const revocationMs = 1_000;

/**
 * New tokens that may be refused after a revocation before the client takes its user for logged out: with the default times
 * they take about half a minute. If the clock of the issuer is behind, a new token seems to be older than the revocation.
 */
const maxRefusals = 6;

/** Decides what comes after the end of a connection. */
export function nextStep(
  end: End,
  history: History,
  patience: Patience,
  random?: () => number,
): Surrender | NextAttempt {
  const { action, accepted } = end;
  // A session that ran its course does not count as a failure, however short the server made it.
  const isCalm = end.openMs >= (end.expired ? patience.backOffMs : patience.maxBackOffMs);
  const failures = isCalm ? 0 : history.failures;
  const refused = history.refused && !accepted && !isCalm;
  const isRefusal = action === 'newToken';
  const earlier = accepted || isCalm ? undefined : history.revoked;
  const revoked = isRefusal && !end.expired ? refusedSince(end, earlier) : earlier;
  const unauthenticated = !!end.unauthenticated || (isRefusal && refused && !revoked);
  if (unauthenticated || action === 'terminal' || failures + 1 >= patience.maxFailures) {
    return { again: false, unauthenticated };
  }
  const isFree = isRefusal && !revoked && (!accepted || (end.expired && failures === 0));
  const wait = fullJitter(failures, patience, random) + (isRefusal ? revocationMs : 0);
  return {
    again: true,
    delayMs: isFree ? 0 : wait,
    history: {
      failures: failures + 1,
      refused: isRefusal || refused,
      revoked,
    },
  };
}

/** What a refusal adds to a revocation; nothing if there was none, if it was long ago, or if the token was refused before. */
function refusedSince({ accepted, reason, token }: End, earlier: History['revoked']) {
  if (accepted) {
    return { tokens: 0, last: token };
  }
  const tokens = 1 + (earlier?.tokens ?? 0);
  const isAfter = earlier !== undefined || reason === revokedReason;
  const isNew = token === undefined || token !== earlier?.last;
  return isAfter && isNew && tokens <= maxRefusals ? { tokens, last: token } : undefined;
}

/** Any delay up to a bound that doubles with each failure, so that clients that failed together do not return together. */
export function fullJitter(
  failures: number,
  { backOffMs, maxBackOffMs }: Pick<Patience, 'backOffMs' | 'maxBackOffMs'>,
  random: () => number = Math.random,
): number {
  return random() * Math.min(maxBackOffMs, backOffMs * 2 ** failures);
}
