import type { Duplex, Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import { isSent } from './is-sent.js';

type End = (this: Writable, ...args: unknown[]) => Writable;

const client = Symbol('client');

/** Where `ws` keeps the stream that takes frames apart, and whether the close frame of the peer has come. */
interface Closing {
  readonly _receiver?: Writable;
  readonly _closeFrameReceived?: boolean;
}

interface ClientSocket extends Writable {
  [client]?: Closing;
}

/**
 * Makes the end of a WebSocket cheap, which ten thousand sessions may come to at once.
 *
 * - `ws` ends its side of the socket after the close frames, waits until the peer has ended its own, and then closes it. After
 *   its close frame a peer sends nothing (RFC 6455 §5.5.1), so there is nothing to wait for: to close is to end.
 * - It ends both streams again when the peer has ended its side, and when the socket has closed. For each time too many Node
 *   makes an error, and a stack trace for it, that nobody hears: three of them are a tenth of what a short connection costs.
 */
export function endQuickly(webSocket: WebSocket, socket: Duplex): void {
  const closing = webSocket as Closing;
  (socket as ClientSocket)[client] = closing;
  socket.end = endSocket as Duplex['end'];
  if (closing._receiver) {
    closing._receiver.end = end as Writable['end'];
  }
}

const endSocket: End = function (...args) {
  const { [client]: closing } = this as ClientSocket;
  // After an error of the peer there may be more of it on the way: to close would reset the connection, and our close frame
  // with it.
  const isOver = closing?._closeFrameReceived === true && isSent(this as Duplex);
  return isOver && args.length === 0 ? this.destroy() : end.apply(this, args);
};

const end: End = function (...args) {
  const isOver = this.writableFinished || this.destroyed;
  // Somebody who passes data or a callback is told by Node that it is too late.
  return isOver && args.length === 0 ? this : endOf(this).apply(this, args);
};

function endOf(stream: Writable): End {
  return (Object.getPrototypeOf(stream) as { readonly end: End }).end;
}
