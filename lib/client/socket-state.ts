/**
 * Where a socket is.
 *
 * - `connecting`: a token is obtained, or a connection opened
 * - `authenticating`: the server is judging the token
 * - `open`: authenticated
 * - `waiting`: there is no connection, and there will be another one
 * - `closed`: over, for good
 */
export type WsAuthSocketState = 'connecting' | 'authenticating' | 'open' | 'waiting' | 'closed';

/** The session, as far as the server has told. */
export interface WsAuthSocketSession {
  /**
   * End of the session in epoch milliseconds; `null` if it does not expire, `undefined` as long as the server has not told:
   * it does not acknowledge a token in the handshake.
   */
  readonly expiresAt: number | null | undefined;
}

/** `readyState` of a WebSocket in these states; 0, `CONNECTING`, in all others. */
export const readyStates: Partial<Record<WsAuthSocketState, number>> = { open: 1, closed: 3 };
/** `readyState` of a WebSocket whose closing handshake is under way. */
export const closing = 2;
