/**
 * Close codes this package sends.
 *
 * 3000, 3003 and 3008 are registered with IANA as Unauthorized, Forbidden and Timeout; the others come from
 * {@link https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1 RFC 6455 §7.4.1}.
 *
 * @example
 * ```ts
 * const mayRetry = code !== WsAuthCloseCode.Forbidden;
 * ```
 * @publicApi
 */
export const WsAuthCloseCode = {
  /** An application that is done. This package never closes with it. */
  Normal: 1000,
  /** The server shuts down. */
  GoingAway: 1001,
  /** The first message is binary. */
  UnsupportedData: 1003,
  /** Too much before authentication, or disconnected by the application. */
  PolicyViolation: 1008,
  /** The credential is too large. */
  MessageTooBig: 1009,
  /** A strategy, a listener or a hook of the application threw. */
  InternalError: 1011,
  /** A limit was reached, or the store did not answer. */
  TryAgainLater: 1013,
  /** No credential, a bad one, or one that has ended. */
  Unauthorized: 3000,
  /** Not permitted, or another user on an open socket. */
  Forbidden: 3003,
  /** No credential came in time. */
  Timeout: 3008,
} as const;

/**
 * One of the close codes that this package sends.
 *
 * @publicApi
 */
export type WsAuthCloseCode = (typeof WsAuthCloseCode)[keyof typeof WsAuthCloseCode];

/**
 * What a client does after a close code: nothing more, connect with a newly obtained token, or connect later.
 *
 * @publicApi
 */
export type WsAuthCloseAction = 'terminal' | 'newToken' | 'backOff';

/**
 * Codes after which no other connection helps. Below 3000 a code is a trouble of the transport, and from 3000 on a decision of the
 * application; here are the exceptions as well. An expression is short, and a page downloads it.
 */
const terminal = /^(100[0389]|3(?!008)|4)/;

/** What a close code asks of a client: the contract between client and server, and for codes of the application its overrides. */
export function closeActionOf(
  code: number,
  overrides?: Readonly<Record<number, WsAuthCloseAction>>,
): WsAuthCloseAction {
  return (
    overrides?.[code] ??
    (code === 3000 ? 'newToken' : terminal.test(`${code}`) ? 'terminal' : 'backOff')
  );
}

/** Reason of the close frame at the end of an accepted session, and of no other. */
export const expiredReason = 'token expired';

/** Reason for a credential that was revoked, and for a session that ends with it. */
export const revokedReason = 'revoked';

/** Whether an endpoint may send the code ({@link https://www.rfc-editor.org/rfc/rfc6455#section-7.4.2 RFC 6455 §7.4.2}). */
export function isSendableCloseCode(code: unknown): code is number {
  if (typeof code !== 'number' || !Number.isInteger(code)) {
    return false;
  }
  const named = [1000, 1001, 1003, 1007, 1008, 1009, 1011, 1012, 1013];
  return named.includes(code) || (code >= 3000 && code <= 4999);
}
