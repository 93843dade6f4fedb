/** The connection is lost, or could not be made. */
export interface WaitingDetails {
  /** Milliseconds until the next attempt. */
  readonly delayMs: number;
  /** Connections in a row that failed, or were lost. */
  readonly failures: number;
  /** Close code of the connection; 1006 if there was no close frame. */
  readonly code: number;
  /** Its reason, or what the client found out. */
  readonly reason: string;
  /** What the token source or the `prepare` of a way threw. */
  readonly cause?: unknown;
}

/** The end, for good. */
export interface ClosingDetails {
  /** Close code of the last connection; 1006 if there was no close frame. */
  readonly code: number;
  /** Its reason, or what the client found out. */
  readonly reason: string;
  /** Whether the closing handshake was complete. */
  readonly wasClean: boolean;
  /** What the token source or the `prepare` of a way threw, if that was the last of `maxFailures`. */
  readonly cause?: unknown;
}

/**
 * The events of a socket, in the order of its states.
 *
 * @publicApi
 */
export interface WsAuthSocketEvents {
  /** An attempt begins. */
  connecting: Event;
  /** The connection is open, and the server is judging the token. */
  authenticating: Event;
  /** The socket is authenticated, for the first time or again. Messages that waited are sent. */
  open: Event;
  /** `session` has changed: it was renewed, or the server has told when it ends. */
  session: Event;
  /** A message has arrived; those about the session itself are left out. */
  message: Event & MessageDetails;
  /** There is no connection, and there will be another one. */
  waiting: Event & WaitingDetails;
  /** The socket gives up, and not because the server is done (1000); `close` follows. */
  error: Event;
  /** The end, for good. */
  close: Event & ClosingDetails;
}

type Type = keyof WsAuthSocketEvents;

/** A message of the application. */
export interface MessageDetails {
  /** Text, or binary as `binaryType` says. */
  readonly data: unknown;
}

/** An `EventTarget` that knows its events. */
interface SocketEventTarget {
  /** As of an `EventTarget`. */
  addEventListener<T extends Type>(
    type: T,
    listener: (event: WsAuthSocketEvents[T]) => void,
    options?: boolean | { readonly once?: boolean; readonly signal?: AbortSignal },
  ): void;
  /** As of an `EventTarget`. */
  removeEventListener<T extends Type>(
    type: T,
    listener: (event: WsAuthSocketEvents[T]) => void,
  ): void;
  /** As of an `EventTarget`. */
  dispatchEvent(event: Event): boolean;
}

export const TypedEventTarget = EventTarget as unknown as new () => SocketEventTarget;
