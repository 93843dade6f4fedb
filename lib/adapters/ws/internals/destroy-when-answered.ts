import type { Duplex, Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import { WsAuthCloseCode } from '../../../protocol/close-code.js';
import type { GatedWebSocket } from '../gated-web-socket.js';
import { isSent } from '../../is-sent.js';

type End = (this: Writable, ...args: unknown[]) => Writable;

const client = Symbol('client');

/** Peers close by themselves with codes up to this one: 1000 and 1001 need not be an answer. */
const leavingCode: number = WsAuthCloseCode.GoingAway;

/** Where `ws` keeps the stream that parses frames, and the close frame of the peer. */
interface Closing extends Partial<Pick<GatedWebSocket, 'wsAuthClosedWith'>> {
  readonly _receiver?: Partial<Pick<Writable, 'end'>> | null;
  readonly _closeFrameReceived?: boolean;
  readonly _closeCode?: number;
}

interface ClientSocket extends Writable {
  [client]?: Closing;
}

/**
 * Makes closing a WebSocket cheap, for when ten thousand sessions end together.
 *
 * - `ws` ends its side of the socket after the close frames, waits until the peer has ended its own, and then closes it. When
 *   the peer has echoed our close code it has read everything and will send nothing more (RFC 6455 §5.5.1), so the socket
 *   can be destroyed immediately.
 * - It ends both streams again when the peer has ended its side, and when the socket has closed. For each needless call Node
 *   creates an error and a stack trace that have no reader: three of them are a tenth of what a short connection costs.
 *
 * Where `ws` keeps these fields elsewhere, it ends sockets in its own way.
 */
export function destroyWhenAnswered(webSocket: WebSocket, socket: Duplex): void {
  const closing = webSocket as Closing;
  (socket as ClientSocket)[client] = closing;
  socket.end = endSocket as Duplex['end'];
  if (typeof closing._receiver?.end === 'function') {
    closing._receiver.end = end as Writable['end'];
  }
}

const endSocket: End = function (...args) {
  const { [client]: closing } = this as ClientSocket;
  const isOver = closing !== undefined && hasAnswered(closing) && isSent(this as Duplex);
  return isOver && args.length === 0 ? this.destroy() : end.apply(this, args);
};

/**
 * Whether the peer has read our close frame and answered with its code. A peer that leaves of its own accord, or breaks the
 * protocol, may still send, if only the pong of a ping that it has yet to read (RFC 6455 §5.5.2). A closed socket would
 * answer with a reset, and everything that is still on its way to the peer would be lost.
 */
function hasAnswered({ _closeFrameReceived, _closeCode = 0, wsAuthClosedWith }: Closing): boolean {
  return (
    _closeFrameReceived === true && _closeCode === wsAuthClosedWith && _closeCode > leavingCode
  );
}

const end: End = function (...args) {
  const isOver = this.writableFinished || this.destroyed;
  // A caller that passes data or a callback gets the error of Node.
  return isOver && args.length === 0 ? this : endOf(this).apply(this, args);
};

function endOf(stream: Writable): End {
  return (Object.getPrototypeOf(stream) as { readonly end: End }).end;
}
