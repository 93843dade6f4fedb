/** The part of a store of `express-session` that ends a session. */
export interface HttpSessionStore {
  /** Ends the session and forgets it. */
  destroy(sessionId: string, callback?: (error?: unknown) => void): void;
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
    original(sessionId, callback);
  };
  return () => {
    store.destroy = original;
  };
}
