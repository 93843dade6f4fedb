import type { EngineConnection, EngineRequest, EngineTransport } from './engine.js';

/** `readyState` of a WebSocket that has closed. */
const closed = 3;

type EngineSocket = NonNullable<EngineTransport['socket']>;

/** Whether a WebSocket has yet to close. */
export function isOpen<Socket extends EngineSocket>(socket: Socket | undefined): socket is Socket {
  return socket !== undefined && socket.readyState !== closed;
}

/**
 * Closes a connection without waiting for what has yet to be sent. Polling that is about to close waits half a minute for a poll,
 * which the client may never send.
 */
export function closeNow(conn: EngineConnection): void {
  conn.close(true);
  const { transport } = conn;
  if (conn.readyState !== 'closed' && typeof transport.shouldClose === 'function') {
    transport.shouldClose();
  }
  if (conn.readyState !== 'closed') {
    transport.emit('close');
  }
}

/**
 * Terminates the WebSocket of a connection that has closed. Engine.io sends a close frame and forgets the socket, which a client
 * that does not answer would keep open for half a minute. That of a `wsEngine` which cannot terminate it is waited for.
 *
 * @param graceMs time in milliseconds that the client has to answer
 * @param onClosed called when the socket has closed; synchronously in polling
 */
export function endSocketOf(
  { transport }: EngineConnection,
  graceMs: number,
  onClosed: () => void,
): void {
  const { socket } = transport;
  if (!isOpen(socket)) {
    onClosed();
    return;
  }
  const deadline = setTimeout(() => socket.terminate?.(), graceMs);
  deadline.unref();
  socket.once('close', () => {
    clearTimeout(deadline);
    onClosed();
  });
}

/**
 * Closes the WebSocket of a request that engine.io refuses after the 101, such as one of Socket.IO 2. Engine.io ends the TCP socket, which a
 * `wsEngine` may have taken from it: such a client would stay, without a slot.
 */
export function closeRefused({ websocket }: EngineRequest): void {
  if (isOpen(websocket) && typeof websocket.terminate !== 'function') {
    websocket.close();
  }
}
