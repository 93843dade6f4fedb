import { expect, it } from 'vitest';
import type { Deadlines } from '../../../lib/testing/deadlines.js';
import { FrameQueue } from '../../../lib/testing/frame-queue.js';
import type { Frame } from '../../../lib/testing/wire.js';

const late = new Error('late');

/** Deadlines that pass at the command of the test. */
function queueWithDeadlines() {
  const running = new Set<() => void>();
  const start = (pass: () => void) => {
    running.add(pass);
    return () => running.delete(pass);
  };
  return { queue: new FrameQueue({ start } as unknown as Deadlines), running };
}

it('a request for a frame has no deadline any more when the queue has ended', async () => {
  const { queue, running } = queueWithDeadlines();
  const request = queue.next(late);
  expect(running.size).toBe(1);
  queue.end(new Error('closed'));
  await expect(request).rejects.toThrow('closed');
  expect(running.size).toBe(0);
});

it('a request whose deadline has passed takes no frame from the next one', async () => {
  const { queue, running } = queueWithDeadlines();
  const [first, second] = [queue.next(late), queue.next(late)];
  running.values().next().value!();
  await expect(first).rejects.toBe(late);
  const frame = {} as Frame;
  queue.push(frame);
  expect(await second).toBe(frame);
});
