/** One listener for each signal, however many sockets share it: Node.js warns at the eleventh. */
const listeners = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back when the signal aborts.
 *
 * @returns a function that prevents it
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  let set = listeners.get(signal);
  if (!set) {
    const created = (set = new Set());
    listeners.set(signal, created);
    signal.addEventListener('abort', () => created.forEach((each) => each()));
  }
  set.add(listener);
  return () => set.delete(listener);
}
