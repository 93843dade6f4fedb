import { describe, expect, it } from 'vitest';
import { beforeNextEvent } from '../../../lib/adapters/before-next-event.js';

describe('code that runs before the next event', () => {
  it('runs after all that settled promises lead to', async () => {
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        setImmediate(() => {
          order.push('event');
          resolve();
        });
        beforeNextEvent(() => order.push('code'));
        void followPromises(20).then(() => order.push('promises'));
      });
    });
    expect(order).toEqual(['promises', 'code', 'event']);
  });

  it('does not wait for a promise that needs an event', async () => {
    const order: string[] = [];
    const event = new Promise<void>((resolve) => {
      setImmediate(resolve);
    }).then(() => order.push('promise'));
    beforeNextEvent(() => order.push('code'));
    await event;
    expect(order).toEqual(['code', 'promise']);
  });
});

async function followPromises(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    await Promise.resolve();
  }
}
