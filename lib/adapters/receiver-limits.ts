import type { WebSocket } from 'ws';
import { messageFramingBytes } from '../credentials/first-message.extractor.js';
import type { CredentialLimits } from '../credentials/extractor.js';

/** Bounds on what a peer may send. */
export interface ReceiverLimits {
  /** Bytes of one message. */
  readonly maxPayload: number;
  /** Frames of one message. */
  readonly maxFragments: number;
}

/** Bounds on what a peer may send without a session: one credential, which a refused page may have sent unknowing. */
export function limitsWithoutSession({ maxCredentialBytes }: CredentialLimits): ReceiverLimits {
  return { maxPayload: maxCredentialBytes + messageFramingBytes, maxFragments: 64 };
}

/** Where `ws` keeps the bounds of a socket. It has no public way to change them once the socket is open. */
interface LimitedSocket {
  readonly _receiver?: { _maxPayload?: unknown; _maxFragments?: unknown };
  readonly _extensions?: { readonly 'permessage-deflate'?: { _maxPayload?: unknown } };
}

/**
 * Changes the bounds of an open socket. Should a later `ws` keep them elsewhere, the bounds from before authentication
 * stay in force, which refuses large messages and lets nothing in.
 */
export function setReceiverLimits(client: WebSocket, limits: ReceiverLimits): void {
  const { _receiver: receiver, _extensions: extensions } = client as unknown as LimitedSocket;
  const inflater = extensions?.['permessage-deflate'];
  if (typeof inflater?._maxPayload === 'number') {
    inflater._maxPayload = limits.maxPayload;
  }
  if (typeof receiver?._maxPayload === 'number') {
    receiver._maxPayload = limits.maxPayload;
  }
  if (typeof receiver?._maxFragments === 'number') {
    receiver._maxFragments = limits.maxFragments;
  }
}
