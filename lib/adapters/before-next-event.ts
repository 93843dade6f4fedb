/**
 * Runs code before the next event of a socket is handled, and after all that follows from promises which have settled by now.
 *
 * Node drains the queue of microtasks, and then that of `process.nextTick()`, before it returns to the event loop.
 */
export function beforeNextEvent(run: () => void): void {
  queueMicrotask(() => process.nextTick(run));
}
