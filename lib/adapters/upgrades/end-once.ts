import type { Duplex, Writable } from 'node:stream';

type End = (this: Writable, ...args: unknown[]) => Writable;

/** Where `ws` keeps the stream that parses frames. */
interface Receiving {
  readonly _receiver?: Partial<Pick<Writable, 'end'>> | null;
}

/**
 * Skips the needless calls of `end()` with which `ws` closes a socket: three come when the stream has ended. For each of them
 * Node.js makes an error with a stack trace that has no reader, which is a tenth of what a short connection costs.
 *
 * Where `ws` keeps its receiver elsewhere, two of the three remain.
 */
export function endOnce(client: object, socket: Duplex): void {
  const { _receiver: receiver } = client as Receiving;
  spare(socket);
  if (typeof receiver?.end === 'function') {
    spare(receiver);
  }
}

/** One that has an `end()` of its own keeps it: the application has put it there. */
function spare(stream: Partial<Pick<Writable, 'end'>>): void {
  if (!Object.hasOwn(stream, 'end')) {
    stream.end = endUnlessEnded as Writable['end'];
  }
}

/** A caller that passes data or a callback gets the error of Node.js. */
const endUnlessEnded: End = function (...args) {
  const isNeedless = args.length === 0 && this.writableEnded;
  return isNeedless ? this : endOf(this).apply(this, args);
};

function endOf(stream: Writable): End {
  return (Object.getPrototypeOf(stream) as { readonly end: End }).end;
}
