/**
 * Close codes this package sends.
 *
 * 3000, 3003 and 3008 are registered with IANA as Unauthorized, Forbidden and Timeout; the others come from
 * {@link https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1 RFC 6455 §7.4.1}.
 *
 * @publicApi
 */
export const WsAuthCloseCode = {
  Normal: 1000,
  GoingAway: 1001,
  UnsupportedData: 1003,
  PolicyViolation: 1008,
  MessageTooBig: 1009,
  InternalError: 1011,
  TryAgainLater: 1013,
  Unauthorized: 3000,
  Forbidden: 3003,
  Timeout: 3008,
} as const;

/** @publicApi */
export type WsAuthCloseCode = (typeof WsAuthCloseCode)[keyof typeof WsAuthCloseCode];

/** Whether an endpoint may send the code ({@link https://www.rfc-editor.org/rfc/rfc6455#section-7.4.2 RFC 6455 §7.4.2}). */
export function isSendableCloseCode(code: unknown): code is number {
  if (typeof code !== 'number' || !Number.isInteger(code)) {
    return false;
  }
  const named = [1000, 1001, 1003, 1007, 1008, 1009, 1011, 1012, 1013];
  return named.includes(code) || (code >= 3000 && code <= 4999);
}
