/** The part of a store of `express-session` that ends a session. */
export interface HttpSessionStore {
  /** Ends the session and forgets it. Stores that answer by a promise return it. */
  destroy(sessionId: string, callback?: (error?: unknown) => void): unknown;
}

/**
 * Calls back with the id of each session that a store is about to end.
 *
 * @returns a function that leaves the store as it was found
 */
export function onHttpSessionEnd(
  store: HttpSessionStore,
  onEnd: (sessionId: string) => void,
): () => void {
  const original = store.destroy.bind(store);
  store.destroy = (sessionId, callback) => {
    onEnd(sessionId);
    // Without the promise of the store its caller would wait for nothing, and a failure would end the process.
    return original(sessionId, callback);
  };
  return () => {
    store.destroy = original;
  };
}
