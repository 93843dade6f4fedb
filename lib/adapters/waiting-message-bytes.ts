import type { Writable } from 'node:stream';

/**
 * Bytes that a message takes beside its payload while it waits: one of a client for guards and hooks of the connection, or one that a
 * client does not read. Without them any number of empty messages could wait.
 */
export const waitingMessageBytes = 64;

/** Bytes that may wait for guards and hooks of a connection beside one message. A client that sends more is closed. */
export const maxHeldBytes = 1_048_576;

/** What Node knows of a stream. It has no public way to count the writes that wait. */
interface CountingStream {
  readonly _writableState?: { readonly bufferedRequestCount?: number };
}

/** The bytes that messages take beside their payload while they wait in a socket; 0 where the runtime does not count them. */
export function bytesBesideMessagesIn(socket: Writable): number {
  const { bufferedRequestCount: count } = (socket as CountingStream)._writableState ?? {};
  return (count ?? 0) * waitingMessageBytes;
}

/** A frame without payload has two bytes on the wire. */
const smallestMessageBytes = 2;

/** Part of a bound in bytes below which no number of waiting messages reaches it, whatever they take beside their payload. */
export const shareOfSmallest = smallestMessageBytes / (smallestMessageBytes + waitingMessageBytes);
