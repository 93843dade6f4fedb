/** Details of the `waiting` event: there is no connection, and another attempt follows. */
export interface WaitingDetails {
  /** Milliseconds until the next attempt. */
  readonly delayMs: number;
  /** Connections in a row that failed, or were lost. */
  readonly failures: number;
  /** Close code of the connection; 1006 if there was no close frame. */
  readonly code: number;
  /** Reason of the close frame; without one, what the client knows about the failure. */
  readonly reason: string;
  /**
   * What the token source threw; otherwise an error whose `code` is what is known of the failure, such as `ECONNREFUSED`.
   * Browsers know nothing.
   */
  readonly cause?: unknown;
}

/** Details of the `close` event: the socket has ended for good, and does not connect again. */
export interface ClosingDetails {
  /** Close code of the last connection; 1006 if there was no close frame. */
  readonly code: number;
  /** Reason of the close frame; without one, what the client knows about the failure. */
  readonly reason: string;
  /** Whether the closing handshake was complete. */
  readonly wasClean: boolean;
  /** The error behind the end, as in {@link WaitingDetails}. */
  readonly cause?: unknown;
}

/**
 * An event of a socket that `connect()` returns. It is no `Event`: not every platform has one.
 *
 * @publicApi
 */
export interface WsAuthSocketEvent {
  /** Name of the event. */
  readonly type: string;
  /** The socket. */
  readonly target: unknown;
}

/**
 * The events of a socket, in the order of its states.
 *
 * @publicApi
 */
export interface WsAuthSocketEvents {
  /** An attempt begins. */
  connecting: WsAuthSocketEvent;
  /** The connection is open, and the server is judging the token. */
  authenticating: WsAuthSocketEvent;
  /** The socket is authenticated, for the first time or again. Messages that waited are sent. */
  open: WsAuthSocketEvent;
  /** `session` has changed: it was renewed, or the server has sent when it ends. */
  session: WsAuthSocketEvent;
  /** A message has arrived; those about the session itself are left out. */
  message: WsAuthSocketEvent & MessageDetails;
  /** The connection is lost, and there will be another one. */
  waiting: WsAuthSocketEvent & WaitingDetails;
  /** The socket gives up, and not because the server is done (1000); `close` follows. */
  error: WsAuthSocketEvent;
  /** The socket has ended for good, and does not connect again. */
  close: WsAuthSocketEvent & ClosingDetails;
}

/** Details of the `message` event: a message of the application. */
export interface MessageDetails {
  /** Text, or binary in the form of `binaryType`. */
  readonly data: unknown;
}
