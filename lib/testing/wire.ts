import type { SessionLifecycle } from '../adapters/session-lifecycle.js';
import type { RefusedUpgrade } from './ws-refused.error.js';

/** How a socket was closed. */
export interface SocketClosing {
  /** Code of the close frame; 1006 without one. With Socket.IO the code of `ended`, or of the refusal. */
  readonly code: number;
  /** Text of the close frame, or of `ended`. */
  readonly reason: string;
}

/** A message in Nest's own format. */
export interface ReceivedEvent {
  /** Name of the event. */
  readonly event: string;
  /** Whatever the gateway has sent with it. */
  readonly data: unknown;
}

/** A frame as it arrived. */
export interface Frame {
  readonly data: Buffer;
  /** The message, where the transport has events of its own. */
  readonly message?: ReceivedEvent;
}

/** The socket of a test client: one implementation per transport. */
export interface Wire<Socket> {
  readonly socket: Socket;
  /** Resolves when the client is accepted. */
  readonly opened: Promise<void>;
  /** Resolves with the HTTP response that refuses the client. */
  readonly refused: Promise<RefusedUpgrade>;
  readonly closed: Promise<SocketClosing>;
  readonly isClosed: boolean;
  /** Why the socket closed, if it is an error of the network. */
  readonly failure: Error | undefined;
  emit(event: string, data: unknown): void;
  /** The same for a message that the server should answer. */
  ask(event: string, data: unknown): void;
  /** Sends a frame as it is. */
  sendRaw(data: string | Buffer): void;
  /** Resolves when the server has read all that was sent before. */
  answered(): Promise<unknown>;
  /** Cuts the connection. */
  terminate(): void;
}

/** Passes a frame to the queue of the client. */
export type Receive = (frame: Frame) => void;

/** Opens the socket of a client. */
export type OpenWire<Socket> = (receive: Receive) => Wire<Socket>;

/** A socket whose session can be found in the application. */
export interface SessionWire<Socket> extends Wire<Socket> {
  /** Resolves when the server has acknowledged what the client presented first, if that is due. */
  acknowledged(isDue: boolean): Promise<unknown>;
  /** Whether a session is that of this client. */
  owns(life: SessionLifecycle): boolean;
  /** Fake time passes faster than the answer to a ping travels, so the peer would look as if it was gone. */
  outliveHeartbeats(life: SessionLifecycle): void;
}
