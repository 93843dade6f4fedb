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

  /** As of the class. */
  readonly CONNECTING = 0;
  /** As of the class. */
  readonly OPEN = 1;
  /** As of the class. */
  readonly CLOSING = 2;
  /** As of the class. */
  readonly CLOSED = 3;
}
