import type { AsyncResource } from 'node:async_hooks';
import type { RawData, WebSocket } from 'ws';
import type { Refusal } from '../../protocol/refusal.js';
import type { Hold } from './hold.js';

/** Decides what listeners of a socket receive, and what code that holds the socket may send. */
export interface Gate {
  /** Whether listeners may see a message now. A gate that returns false has handled it. */
  admits(client: GatedWebSocket, data: RawData, isBinary: boolean): boolean;
  /** Present for clients of public gateways, whose sockets behave as those of stock Nest. */
  readonly isPublic?: true;
  /** Whether code that holds the client may send now. */
  readonly sends: boolean;
  /** Bytes that may wait to be sent, besides one message. */
  readonly maxBufferedBytes: number;
  /** Bytes that the messages take beside their payload while they wait. */
  readonly bytesBesideMessages?: number;
  /** Called before listeners receive `close`. Returns true if messages come first: the gate then emits the event later. */
  keepsClose?(client: GatedWebSocket, close: CloseArgs): boolean;
  /**
   * Ends the connection after an exception of application code, or with its refusal. Without it the client is terminated.
   */
  fail?(client: GatedWebSocket, refusal: Refusal | undefined): void;
}

/**
 * A WebSocket that asks its gate before it emits a message. Neither Nest nor a listener of the application receives anything
 * from a peer that is not authenticated, or whose session has ended.
 */
export interface GatedWebSocket extends WebSocket {
  wsAuthGate: Gate;
  /** What `AsyncLocalStorage` holds for listeners; the socket itself knows only the context of its TCP connection. */
  wsAuthContext: AsyncResource | undefined;
  /** Whether the peer has shown life since the last ping. */
  wsAuthAlive: boolean;
  /** Size of the largest message that waits, if it is larger than the backlog may be; 0 otherwise. */
  wsAuthOversize: number;
  /** What waits for guards and hooks of the connection. */
  wsAuthHold: Hold | undefined;
}

/** A socket as that of stock `ws`. */
export const openGate: Gate = {
  admits: () => true,
  sends: true,
  maxBufferedBytes: Number.POSITIVE_INFINITY,
};

/** A dead socket: nothing gets in, and nothing but the close frame gets out. */
export const closedGate: Gate = {
  admits: () => false,
  sends: false,
  maxBufferedBytes: 0,
  fail: () => undefined,
};

/** Arguments of the `close` event. */
export type CloseArgs = readonly unknown[];
