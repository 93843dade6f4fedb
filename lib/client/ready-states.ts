/** The four states of a WebSocket, on the class and on each socket. */
export class ReadyStates {
  /** No session exists at present. */
  static readonly CONNECTING = 0;
  /** There is a session. */
  static readonly OPEN = 1;
  /** The closing handshake is under way. */
  static readonly CLOSING = 2;
  /** The end. */
  static readonly CLOSED = 3;

  /** The value of `readyState` in that state, as `WebSocket` has it. */
  readonly CONNECTING = 0;
  /** The value of `readyState` in that state, as `WebSocket` has it. */
  readonly OPEN = 1;
  /** The value of `readyState` in that state, as `WebSocket` has it. */
  readonly CLOSING = 2;
  /** The value of `readyState` in that state, as `WebSocket` has it. */
  readonly CLOSED = 3;
}
