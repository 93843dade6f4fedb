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

  /** @throws {DOMException} `InvalidStateError` if there is no room. */
  add(message: SocketData): void {
    const bytes = this.bytes + new Blob([message as string]).size;
    const { maxQueuedMessages, maxQueuedBytes } = this.bounds;
    if (this.#messages.length >= maxQueuedMessages || bytes > maxQueuedBytes) {
      throw new DOMException('not open, and the queue is full', 'InvalidStateError');
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
