import { byteLengthOf } from './socket-data.js';
import type { SocketData } from './web-socket.js';

/** Bounds of a {@link MessageQueue}. */
export interface QueueBounds {
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;
}

/** Messages that wait for a session, in order. */
export class MessageQueue {
  #messages: SocketData[] = [];
  /** Size of all messages; text counts in UTF-8. */
  bytes = 0;

  constructor(private readonly bounds: QueueBounds) {}

  /** @throws an error with the name `InvalidStateError` if the queue is full; not everywhere is there a `DOMException`. */
  add(message: SocketData): void {
    const bytes = this.bytes + byteLengthOf(message);
    const { maxQueuedMessages, maxQueuedBytes } = this.bounds;
    if (this.#messages.length >= maxQueuedMessages || bytes > maxQueuedBytes) {
      const error = new Error('the queue is full');
      error.name = 'InvalidStateError';
      throw error;
    }
    this.#messages.push(message);
    this.bytes = bytes;
  }

  /** Returns what waits, and forgets it. */
  drain(): readonly SocketData[] {
    this.bytes = 0;
    return this.#messages.splice(0);
  }
}
