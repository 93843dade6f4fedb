/**
 * The state of a socket, from the first attempt to its end.
 *
 * - `connecting`: a connection is opened, or a token obtained
 * - `authenticating`: the server is judging the token
 * - `open`: authenticated
 * - `waiting`: the connection is lost, and there will be another one
 * - `closed`: over, for good
 */
export type WsAuthSocketState = 'connecting' | 'authenticating' | 'open' | 'waiting' | 'closed';

/** What the server has sent about the session. */
export interface WsAuthSocketSession {
  /**
   * End of the session in epoch milliseconds; `null` if it does not expire, `undefined` as long as the server has not sent
   * it: it does not acknowledge a token in the handshake.
   */
  readonly expiresAt: number | null | undefined;
}
