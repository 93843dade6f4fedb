import type { WsAuthStore } from './ws-auth-store.js';

/** Epoch milliseconds by the clock that all nodes share: that of the store, or that of this process where the store has none. */
export async function sharedNow(store: Pick<WsAuthStore, 'now'>): Promise<number> {
  return store.now ? await store.now() : Date.now();
}
