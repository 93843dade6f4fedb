import type { EngineTransport } from './engine.js';

/**
 * Ends the WebSocket of a client that tries it more than once. Engine.io answers each `ping` on a WebSocket that does not carry its
 * connection yet, also of a client that does not read the answers, and no client of Socket.IO sends a second one.
 */
export function boundProbes(transport: EngineTransport): void {
  let isTried = false;
  transport.on('packet', ({ type }: { readonly type: string }) => {
    if (type === 'ping' && isTried) {
      endProbe(transport);
    }
    isTried ||= type === 'ping';
  });
}

/** A `wsEngine` may have sockets that can only be closed. */
function endProbe(transport: EngineTransport): void {
  if (transport.socket?.terminate) {
    transport.socket.terminate();
  } else {
    transport.close();
  }
}
