/** What a WebSocket can send. */
export type SocketData = string | ArrayBuffer | ArrayBufferView | Blob;

/** The fields of the events of a WebSocket that the client reads. */
export interface SocketEvent {
  /** `open`, `message`, `error` or `close`. */
  readonly type: string;
  /** What a `message` contains. */
  readonly data?: unknown;
  /** Code of a `close`. */
  readonly code?: number;
  /** Reason of a `close`. */
  readonly reason?: string;
  /** Whether a `close` had a close frame. */
  readonly wasClean?: boolean;
  /** Message of an `error`, outside of browsers. */
  readonly message?: string;
  /** The error behind an `error`, in Node.js. */
  readonly error?: unknown;
}

/** The part of a WebSocket that the client uses: browsers, Node.js and `ws` have it. */
export interface WebSocketLike {
  /** 0 to 3: connecting, open, closing, closed. */
  readonly readyState: number;
  /** The subprotocol that the server has chosen. */
  readonly protocol: string;
  /** Bytes that are not sent yet. */
  readonly bufferedAmount: number;
  /** Form in which binary messages come. */
  binaryType: string;
  /** Adds a listener, as `EventTarget` does. */
  addEventListener(type: string, listener: (event: SocketEvent) => void): void;
  /** Sends a message. */
  send(data: SocketData): void;
  /** Begins the closing handshake. */
  close(code?: number, reason?: string): void;
}

/** A class of WebSockets: the global one, or `WebSocket` of `ws`. */
export type WebSocketConstructor = new (url: string, protocols?: string[]) => WebSocketLike;
