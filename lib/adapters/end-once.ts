import type { Duplex } from 'node:stream';

type End = (this: Duplex, ...args: unknown[]) => Duplex;

/**
 * Makes it cheap to end a socket that has ended.
 *
 * `ws` ends a socket when the close frames are exchanged, and again when the peer has ended its side. For the second time
 * Node makes an error, and a stack trace for it, that nobody hears: a tenth of what a short connection costs.
 */
export function endOnce(socket: Duplex): void {
  socket.end = end as Duplex['end'];
}

const end: End = function (...args) {
  const isOver = this.writableFinished || this.destroyed;
  // Somebody who passes data or a callback is told by Node that it is too late.
  return isOver && args.length === 0 ? this : endOf(this).apply(this, args);
};

function endOf(socket: Duplex): End {
  return (Object.getPrototypeOf(socket) as { readonly end: End }).end;
}
