import type { Writable } from 'node:stream';
import type { WebSocket } from 'ws';

type Body = string | Uint8Array;
type Callback = (error?: Error | null) => void;
type SendFrame = (this: Sender, frame: readonly Body[], callback?: Callback) => void;

/** Where `ws` writes frames: a head, and a body if there is one. */
export interface Sender {
  readonly _socket: Writable;
  sendFrame: SendFrame;
}

/** A frame that fits into Node's pool of buffers is copied for less than it takes to write it in two pieces. */
const maxCopiedBytes = Buffer.poolSize >>> 2;

/**
 * Writes a short frame in one piece. `ws` writes head and body one after the other, which Node then gathers for the kernel: a
 * twentieth of what it takes to answer a message.
 *
 * Where `ws` keeps its sender, or the sender its socket, under another name, frames go out as `ws` sends them.
 */
export function writeInOnePiece(client: WebSocket): void {
  const { _sender: sender } = client as { readonly _sender?: Partial<Sender> | null };
  if (typeof sender?.sendFrame === 'function' && typeof sender._socket?.write === 'function') {
    sender.sendFrame = sendFrame;
  }
}

const sendFrame: SendFrame = function (frame, callback) {
  const head = frame[0];
  const body = frame[1];
  if (frame.length === 2 && head instanceof Uint8Array && isShort(body)) {
    this._socket.write(join(head, body), callback);
  } else {
    (Object.getPrototypeOf(this) as Sender).sendFrame.call(this, frame, callback);
  }
};

function isShort(body: unknown): body is Body {
  return (typeof body === 'string' || body instanceof Uint8Array) && body.length <= maxCopiedBytes;
}

function join(head: Uint8Array, body: Body): Buffer {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  const whole = Buffer.allocUnsafe(head.length + length);
  whole.set(head);
  if (typeof body === 'string') {
    whole.write(body, head.length);
  } else {
    whole.set(body, head.length);
  }
  return whole;
}
