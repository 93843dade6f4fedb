import type { Duplex } from 'node:stream';

type Callback = (error?: Error | null) => void;

/** What a stream implements; Node calls it for every chunk, whichever method the chunk was written by. */
interface Streaming {
  _write: (chunk: unknown, encoding: BufferEncoding, callback: Callback) => void;
  _writev?: ((chunks: unknown, callback: Callback) => void) | null;
  push: (chunk: unknown, encoding?: BufferEncoding) => boolean;
}

/** Asked before each chunk. */
export interface Valve {
  /** Whether chunks may pass now, in both directions. */
  readonly isOpen: boolean;
  /** Called before the other server writes a chunk. */
  onWrite(): void;
}

/**
 * Puts a valve into a socket that another server reads and writes. A timer alone would end a session too late: while the event loop
 * is blocked, a chunk that was written before the timer ran would still be sent.
 *
 * The methods are those that Node documents for implementers of streams.
 */
export function installValve(socket: Duplex, valve: Valve): void {
  const stream = socket as unknown as Streaming;
  const { _write: write, _writev: writeAll, push } = stream;
  stream._write = (chunk, encoding, callback) => {
    valve.onWrite();
    if (valve.isOpen) {
      write.call(stream, chunk, encoding, callback);
    } else {
      callback(sessionEnded());
    }
  };
  if (writeAll) {
    stream._writev = (chunks, callback) => {
      valve.onWrite();
      if (valve.isOpen) {
        writeAll.call(stream, chunks, callback);
      } else {
        callback(sessionEnded());
      }
    };
  }
  // `null` is the end of what the client sends, and passes in any case.
  stream.push = (chunk, encoding) =>
    chunk === null || valve.isOpen ? push.call(stream, chunk, encoding) : false;
}

function sessionEnded(): Error {
  return new Error('the session has ended');
}
