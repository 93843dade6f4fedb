import type { WebSocket } from 'ws';

/** Bounds on what a peer may send. */
export interface ReceiverLimits {
  /** Bytes of one message. */
  readonly maxPayload: number;
  /** Frames of one message. */
  readonly maxFragments: number;
}

/** Where `ws` keeps the bounds of a socket. It has no public way to change them once the socket is open. */
interface LimitedSocket {
  readonly _receiver?: { _maxPayload?: unknown; _maxFragments?: unknown };
}

/**
 * Changes the bounds of an open socket. Should a later `ws` keep them elsewhere, the bounds from before authentication
 * stay in force, which refuses large messages and lets nothing in.
 */
export function setReceiverLimits(client: WebSocket, limits: ReceiverLimits): void {
  const receiver = (client as unknown as LimitedSocket)._receiver;
  if (typeof receiver?._maxPayload === 'number') {
    receiver._maxPayload = limits.maxPayload;
  }
  if (typeof receiver?._maxFragments === 'number') {
    receiver._maxFragments = limits.maxFragments;
  }
}
