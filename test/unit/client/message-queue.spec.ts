import { describe, expect, it } from 'vitest';
import { MessageQueue } from '../../../lib/client/message-queue.js';

const roomy = { maxQueuedMessages: 64, maxQueuedBytes: 65_536 };
const full = expect.objectContaining({
  name: 'InvalidStateError',
  message: 'the queue is full',
});

function refusalOf(action: () => void): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('the queue of messages', () => {
  it('gives messages of every kind back in order, once', () => {
    const queue = new MessageQueue(roomy);
    const messages = ['a', new Uint8Array([1, 2]), new ArrayBuffer(3), new Blob(['four'])];
    messages.forEach((message) => queue.add(message));
    expect(queue.bytes).toBe(1 + 2 + 3 + 4);
    expect(queue.drain()).toEqual(messages);
    expect(queue.drain()).toEqual([]);
    expect(queue.bytes).toBe(0);
  });

  it('takes as many messages as it may, and refuses the next', () => {
    const queue = new MessageQueue({ ...roomy, maxQueuedMessages: 2 });
    queue.add('a');
    queue.add('b');
    expect(refusalOf(() => queue.add('c'))).toEqual(full);
    expect(queue.drain()).toEqual(['a', 'b']);
    queue.add('c');
    expect(queue.drain()).toEqual(['c']);
  });

  it('counts bytes, not characters, and keeps what fits after one that does not', () => {
    const queue = new MessageQueue({ ...roomy, maxQueuedBytes: 4 });
    queue.add('é');
    expect(refusalOf(() => queue.add('€'))).toEqual(full);
    queue.add('ab');
    expect(queue.bytes).toBe(4);
    expect(queue.drain()).toEqual(['é', 'ab']);
  });

  it('keeps nothing if it may keep no message', () => {
    const queue = new MessageQueue({ ...roomy, maxQueuedMessages: 0 });
    expect(refusalOf(() => queue.add(''))).toEqual(full);
  });
});
