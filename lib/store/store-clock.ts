import { WsAuthStoreError } from '../errors/ws-auth-store.error.js';
import { inTime } from './in-time.js';
import { timeAnswer } from './store-answers.js';
import type { WsAuthStore } from './ws-auth-store.js';

/** Epoch milliseconds by the clock that all nodes share: that of the store, or that of this process where the store has none. */
export async function sharedNow(store: Pick<WsAuthStore, 'now'>): Promise<number> {
  return store.now ? timeAnswer(await inTime(store.now())) : Date.now();
}

/** Reads the clock that all nodes share. If it does not answer, that of this process comes with the failure. */
export async function readClock(
  store: Pick<WsAuthStore, 'now'>,
): Promise<{ readonly now: number; readonly failure?: Error }> {
  try {
    return { now: await sharedNow(store) };
  } catch (cause) {
    const failure =
      cause instanceof Error ? cause : new WsAuthStoreError('the store has no clock', { cause });
    return { now: Date.now(), failure };
  }
}
