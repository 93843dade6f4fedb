import type { Duplex } from 'node:stream';

interface Pushing {
  push: (chunk: Uint8Array | null, encoding?: BufferEncoding) => boolean;
}

/**
 * Bounds what a client may send before it has a session, on a socket that another server reads. That server was made with the
 * bounds of a session, such as messages of 100 MiB.
 *
 * @param onExceeded called once; the bytes beyond are dropped
 * @returns a function that lifts the bound
 */
export function limitInput(socket: Duplex, maxBytes: number, onExceeded: () => void): () => void {
  const stream = socket as unknown as Pushing;
  const { push } = stream;
  let left = maxBytes;
  stream.push = (chunk, encoding) => {
    const before = left;
    left -= chunk?.length ?? 0;
    if (left >= 0) {
      return push.call(stream, chunk, encoding);
    }
    if (before >= 0) {
      onExceeded();
    }
    return false;
  };
  return () => {
    // Deleting it would make every later use of the socket slow.
    stream.push = push;
  };
}
