import type { Duplex, Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import { WsAuthCloseCode } from '../protocol/close-code.js';
import type { GatedWebSocket } from './gated-web-socket.js';
import { isSent } from './is-sent.js';

type End = (this: Writable, ...args: unknown[]) => Writable;

const client = Symbol('client');

/** Up to this one peers close by themselves: 1000 and 1001 need not be an answer. */
const leavingCode: number = WsAuthCloseCode.GoingAway;

/** Where `ws` keeps the stream that takes frames apart, and what the close frame of the peer says. */
interface Closing extends Partial<Pick<GatedWebSocket, 'wsAuthClosedWith'>> {
  readonly _receiver?: Writable;
  readonly _closeFrameReceived?: boolean;
  readonly _closeCode?: number;
}

interface ClientSocket extends Writable {
  [client]?: Closing;
}

/**
 * Makes the end of a WebSocket cheap, which ten thousand sessions may come to at once.
 *
 * - `ws` ends its side of the socket after the close frames, waits until the peer has ended its own, and then closes it. A peer
 *   that answers our close frame has read all that we sent, and sends nothing any more (RFC 6455 §5.5.1): to close is to end.
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
  const isOver = closing !== undefined && hasAnswered(closing) && isSent(this as Duplex);
  return isOver && args.length === 0 ? this.destroy() : end.apply(this, args);
};

/**
 * Whether the peer has read our close frame, and says so with its code. One that leaves of its own accord, or breaks the protocol,
 * may still send, if only the pong of a ping that it has yet to read (RFC 6455 §5.5.2): a closed socket would answer with a
 * reset, and everything that is still on its way to the peer would be lost.
 */
function hasAnswered({ _closeFrameReceived, _closeCode = 0, wsAuthClosedWith }: Closing): boolean {
  return (
    _closeFrameReceived === true && _closeCode === wsAuthClosedWith && _closeCode > leavingCode
  );
}

const end: End = function (...args) {
  const isOver = this.writableFinished || this.destroyed;
  // Somebody who passes data or a callback is told by Node that it is too late.
  return isOver && args.length === 0 ? this : endOf(this).apply(this, args);
};

function endOf(stream: Writable): End {
  return (Object.getPrototypeOf(stream) as { readonly end: End }).end;
}
