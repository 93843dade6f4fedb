import { limitInput } from '../../upgrades/input-limit.js';
import { upgradedTo } from '../upgrade-socket.js';
import { boundProbes } from './bound-probes.js';
import type { EngineConnection, EngineTransport } from './engine.js';

/** Bytes that a client may send beside its packets before it has a session: frames, and answers to pings. */
const framingBytes = 4_096;

/**
 * Bounds what a client may send in one packet, or in one request of polling. Engine.io has one bound for a whole server, which
 * strangers could fill before they authenticate.
 *
 * The bound of a WebSocket is a private field of `ws`. Where it is unknown, as with a `wsEngine` of the application, all that its TCP
 * socket receives is bounded until there is another bound, and a client of polling stays in polling.
 *
 * @returns a function that sets another bound for the connection, on the transport that it has and on those that it changes to
 */
export function boundPayloads(conn: EngineConnection, maxBytes: number): (bytes: number) => void {
  let bound = maxBytes;
  let isFirst = true;
  let probing: EngineTransport | undefined;
  const maybeUpgrade = conn._maybeUpgrade.bind(conn);
  conn._maybeUpgrade = (transport) => {
    probing = transport;
    upgradedTo(conn, transport);
    if (!apply(transport, bound) && isFirst) {
      transport.close();
      return;
    }
    boundProbes(transport);
    maybeUpgrade(transport);
  };
  const lift = apply(conn.transport, bound) ? undefined : limitSocket(conn, maxBytes);
  return (bytes) => {
    isFirst = false;
    lift?.();
    bound = bytes;
    apply(conn.transport, bytes);
    if (probing) {
      apply(probing, bytes);
    }
  };
}

/** Returns whether the transport has the bound now. */
function apply(transport: EngineTransport, bytes: number): boolean {
  const receiver = transport.socket?._receiver;
  if (!hasKnownInflater(transport)) {
    return false;
  }
  const inflater = inflaterOf(transport);
  if (inflater) {
    // It has the bound of the server, and would inflate up to it before the receiver counts.
    inflater._maxPayload = bytes;
  }
  if (typeof receiver?._maxPayload === 'number') {
    receiver._maxPayload = bytes;
    return true;
  }
  return applyToPolling(transport, bytes);
}

/** Whether what a WebSocket inflates can be bounded. One that does not inflate needs no bound. */
export function hasKnownInflater(transport: EngineTransport): boolean {
  const inflates = String(transport.socket?.extensions).includes(compression);
  return !inflates || typeof inflaterOf(transport)?._maxPayload === 'number';
}

const compression = 'permessage-deflate';

function inflaterOf({ socket }: EngineTransport): { _maxPayload?: unknown } | undefined {
  return socket?._extensions?.[compression];
}

/** Whether a transport is polling with a bound that {@link boundPayloads} can set. */
export function hasKnownBound({ name, maxHttpBufferSize, opts }: EngineTransport): boolean {
  return name === 'polling' && typeof (opts?.maxHttpBufferSize ?? maxHttpBufferSize) === 'number';
}

function applyToPolling(transport: EngineTransport, bytes: number): boolean {
  if (!hasKnownBound(transport)) {
    return false;
  }
  if (transport.opts?.maxHttpBufferSize === undefined) {
    transport.maxHttpBufferSize = bytes;
  } else {
    // A copy, so that no other connection shares it.
    transport.opts = { ...transport.opts, maxHttpBufferSize: bytes };
  }
  return true;
}

function limitSocket({ request }: EngineConnection, maxBytes: number): () => void {
  const { socket } = request!;
  return limitInput(socket, maxBytes + framingBytes, () => socket.destroy());
}
