import type { Duplex, Writable } from 'node:stream';
import type { WebSocket } from 'ws';

type End = (this: Writable, ...args: unknown[]) => Writable;

/** Where `ws` keeps the stream that takes frames apart. */
interface Receiving {
  readonly _receiver?: Writable;
}

/**
 * Makes it cheap to end the streams of a WebSocket again.
 *
 * `ws` ends the socket when the close frames are exchanged, and both streams when the peer has ended its side, and when the
 * socket has closed. For each time too many Node makes an error, and a stack trace for it, that nobody hears: three of them
 * are a tenth of what a short connection costs.
 */
export function endOnce(client: WebSocket, socket: Duplex): void {
  const { _receiver: receiver } = client as Receiving;
  socket.end = end as Duplex['end'];
  if (receiver) {
    receiver.end = end as Writable['end'];
  }
}

const end: End = function (...args) {
  const isOver = this.writableFinished || this.destroyed;
  // Somebody who passes data or a callback is told by Node that it is too late.
  return isOver && args.length === 0 ? this : endOf(this).apply(this, args);
};

function endOf(stream: Writable): End {
  return (Object.getPrototypeOf(stream) as { readonly end: End }).end;
}
