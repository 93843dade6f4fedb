import { afterEach, describe, expect, it, vi } from 'vitest';
import { SocketEventTarget } from '../../../lib/client/socket-event-target.js';

class Target extends SocketEventTarget {
  fire(): void {
    this.emit('message', { data: 1 });
  }
}

afterEach(() => vi.unstubAllGlobals());

describe('the events of a socket', () => {
  it('reach the property first, then listeners in order, with the socket as target', () => {
    const target = new Target();
    const heard: unknown[] = [];
    target.addEventListener('message', (event) => heard.push(['one', event]));
    target.addEventListener('message', (event) => heard.push(['two', event]));
    target.addEventListener('open', () => heard.push('open'));
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the property is what is tested
    target.onmessage = (event) => heard.push(['property', event]);
    target.fire();
    const event = { type: 'message', target, data: 1 };
    expect(heard).toEqual([
      ['property', event],
      ['one', event],
      ['two', event],
    ]);
  });

  it('reach a listener once, however often it was added, and not after its removal', () => {
    const target = new Target();
    const listener = vi.fn();
    target.addEventListener('message', listener);
    target.addEventListener('message', listener);
    target.fire();
    expect(listener).toHaveBeenCalledTimes(1);
    target.removeEventListener('message', listener);
    target.fire();
    expect(listener).toHaveBeenCalledTimes(1);
  });

  it('do not reach a listener that another one removes, or that is added meanwhile', () => {
    const target = new Target();
    const removed = vi.fn();
    const added = vi.fn();
    target.addEventListener('message', () => {
      target.removeEventListener('message', removed);
      target.addEventListener('message', added);
    });
    target.addEventListener('message', removed);
    target.fire();
    expect([removed.mock.calls.length, added.mock.calls.length]).toEqual([0, 0]);
  });

  it('reach a listener as often as its options allow', () => {
    const target = new Target();
    const once = vi.fn();
    const bound = vi.fn();
    const late = vi.fn();
    const abort = new AbortController();
    target.addEventListener('message', once, { once: true });
    target.addEventListener('message', bound, { signal: abort.signal });
    target.fire();
    abort.abort();
    target.addEventListener('message', late, { signal: abort.signal });
    target.fire();
    expect([once, bound, late].map(({ mock }) => mock.calls.length)).toEqual([1, 1, 0]);
  });

  it('survive a listener that throws, which is reported', () => {
    const tasks: (() => void)[] = [];
    vi.stubGlobal('queueMicrotask', (task: () => void) => tasks.push(task));
    const target = new Target();
    const other = vi.fn();
    target.addEventListener('message', () => {
      throw new Error('mistake');
    });
    target.addEventListener('message', other);
    target.fire();
    expect(other).toHaveBeenCalledTimes(1);
    expect(tasks[0]).toThrow('mistake');
  });
});
