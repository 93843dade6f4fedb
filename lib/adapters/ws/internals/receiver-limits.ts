import type { ServerOptions, WebSocket, WebSocketServer } from 'ws';
import type { CredentialLimits } from '../../../credentials/extractor.js';
import { messageFramingBytes } from '../../../credentials/first-message.extractor.js';

/** Bounds on what a peer may send. */
export interface ReceiverLimits {
  /** Bytes of one message; 0 has no bound, as in `ws`. */
  readonly maxPayload: number;
  /** Frames of one message; 0 has no bound, as in `ws`. */
  readonly maxFragments: number;
}

/** What `ws` bounds where a gateway sets nothing. */
const defaults: ReceiverLimits = { maxPayload: 100 * 1_024 * 1_024, maxFragments: 16_384 };

/** Bounds that a gateway sets for its sessions. */
export function limitsOfGateway(options: ServerOptions): ReceiverLimits {
  const { maxPayload, maxFragments } = options as Partial<ReceiverLimits>;
  return {
    maxPayload: maxPayload ?? defaults.maxPayload,
    maxFragments: maxFragments ?? defaults.maxFragments,
  };
}

/** Bounds before authentication: one credential, which a refused page may have sent unknowing. */
export function limitsWithoutSession({ maxCredentialBytes }: CredentialLimits): ReceiverLimits {
  return { maxPayload: maxCredentialBytes + messageFramingBytes, maxFragments: 64 };
}

/**
 * The stricter of two bounds: servers are made with it. Where the bounds of an open socket cannot be changed, a client
 * then has the bounds from before authentication for as long as it lives, and never those of a session before it has one.
 */
export function strictest(one: ReceiverLimits, other: ReceiverLimits): ReceiverLimits {
  return {
    maxPayload: smaller(one.maxPayload, other.maxPayload),
    maxFragments: smaller(one.maxFragments, other.maxFragments),
  };
}

function smaller(one: number, other: number): number {
  return one > 0 && other > 0 ? Math.min(one, other) : Math.max(one, other);
}

type Mutable<Limits> = { -readonly [Name in keyof Limits]: Limits[Name] };

/**
 * Runs an upgrade with the bounds of a session. `ws` reads the options of its server, which are public, when it makes the
 * socket; so the bounds also hold where those of an open socket cannot be changed, as in Bun.
 *
 * @param upgrade calls `restore` as soon as the socket exists, before code of the application runs
 */
export function upgradeWithLimits(
  server: WebSocketServer,
  limits: ReceiverLimits,
  upgrade: (restore: () => void) => void,
): void {
  const options = server.options as Mutable<ReceiverLimits>;
  const { maxPayload, maxFragments } = options;
  const restore = () => {
    options.maxPayload = maxPayload;
    options.maxFragments = maxFragments;
  };
  options.maxPayload = limits.maxPayload;
  options.maxFragments = limits.maxFragments;
  try {
    upgrade(restore);
  } finally {
    restore();
  }
}

/** Where `ws` keeps the bounds of a socket. It has no public way to change them once the socket is open. */
export interface LimitedSocket {
  readonly _receiver?: { _maxPayload?: unknown; _maxFragments?: unknown } | null;
  readonly _extensions?: { readonly 'permessage-deflate'?: { _maxPayload?: unknown } };
}

/** Changes the bounds of an open socket. Where `ws` keeps them elsewhere, those that it was made with stay in force. */
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
