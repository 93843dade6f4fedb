import { WebSocket, type RawData } from 'ws';
import type { GatedWebSocket } from './gate.js';

/** A message that waits for its listeners. */
export interface QueuedMessage {
  readonly data: RawData;
  readonly isBinary: boolean;
}

/** Messages that came before the session, of clients that the application has paused since. Few clients have any. */
const held = new WeakMap<GatedWebSocket, readonly QueuedMessage[]>();

/**
 * Emits messages in order. If the application pauses the client, the rest waits for its `resume()`; if hooks of the connection
 * still run, all wait for them.
 */
export function deliver(client: GatedWebSocket, messages: readonly QueuedMessage[]): void {
  if (client.wsAuthHold) {
    client.wsAuthHold.queue.push(...messages);
    return;
  }
  for (const [index, { data, isBinary }] of messages.entries()) {
    // A closed socket stays paused for ever.
    if (client.isPaused && client.readyState !== WebSocket.CLOSED) {
      held.set(client, messages.slice(index));
      return;
    }
    client.emit('message', data, isBinary);
  }
}

/** Emits what a pause has held back, until the application pauses the client again. */
export function deliverResumed(client: GatedWebSocket): void {
  deliver(client, take(client));
}

/** Emits all that a pause has held back, because a newer event of the client must not overtake it. */
export function deliverHeld(client: GatedWebSocket): void {
  for (const { data, isBinary } of take(client)) {
    client.emit('message', data, isBinary);
  }
}

const nothing: readonly QueuedMessage[] = [];

function take(client: GatedWebSocket): readonly QueuedMessage[] {
  const messages = held.get(client) ?? nothing;
  held.delete(client);
  return messages;
}
