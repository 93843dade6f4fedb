/** What a page or a worker has, and Node.js has not. */
interface Scope {
  addEventListener?(type: string, listener: () => void, options: object): void;
}

/**
 * Calls back when timers may have stood still, or the network is another one: the page is seen again, or the machine is
 * online again. A hint, no more; Node.js gives none.
 */
export function onWake(listener: (isOnline: boolean) => void, signal: AbortSignal): void {
  const scope = globalThis as Scope;
  scope.addEventListener?.('online', () => listener(true), { signal });
  scope.addEventListener?.('visibilitychange', () => listener(false), { signal });
}
