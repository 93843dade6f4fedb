import type { EngineConnection, EngineTransport } from './engine.js';

/**
 * Bounds what a client may send in one packet, or in one request of polling. Engine.io has one bound for a whole server, which
 * strangers could fill before they authenticate.
 *
 * @returns a function that sets another bound for the connection, on the transport that it has and on those that it changes to
 */
export function boundPayloads(conn: EngineConnection, maxBytes: number): (bytes: number) => void {
  let bound = maxBytes;
  let probing: EngineTransport | undefined;
  const maybeUpgrade = conn._maybeUpgrade.bind(conn);
  conn._maybeUpgrade = (transport) => {
    probing = transport;
    apply(transport, bound);
    maybeUpgrade(transport);
  };
  apply(conn.transport, bound);
  return (bytes) => {
    bound = bytes;
    apply(conn.transport, bytes);
    if (probing) {
      apply(probing, bytes);
    }
  };
}

/** A custom `wsEngine` keeps its bound elsewhere: then that of the server holds. */
function apply(transport: EngineTransport, bytes: number): void {
  const receiver = transport.socket?._receiver;
  if (typeof receiver?._maxPayload === 'number') {
    receiver._maxPayload = bytes;
  }
  if (typeof transport.maxHttpBufferSize === 'number') {
    transport.maxHttpBufferSize = bytes;
  }
}
