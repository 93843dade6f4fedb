import { WsAuthStoreError } from '../errors/ws-auth-store.error.js';
import { inTime } from './in-time.js';
import { timeAnswer } from './store-answers.js';
import type { WsAuthStore } from './ws-auth-store.js';

/** Epoch milliseconds by the clock that all nodes share: that of the store, or that of this process where the store has none. */
export async function sharedNow(store: Pick<WsAuthStore, 'now'>): Promise<number> {
  return store.now ? timeAnswer(await inTime(store.now())) : Date.now();
}

/** Reads the clock that all nodes share. If it does not answer, what is known of it comes with the failure. */
export async function readClock(
  store: Pick<WsAuthStore, 'now'>,
  clock: StoreClock,
): Promise<{ readonly now: number; readonly failure?: Error }> {
  try {
    return { now: await sharedNow(store) };
  } catch (cause) {
    const failure =
      cause instanceof Error ? cause : new WsAuthStoreError('the store has no clock', { cause });
    return { now: clock.estimate(), failure };
  }
}

/**
 * What is known of the clock of a store while it does not answer. By the clock of a node that is ahead, a user would be kept out of that
 * node until the issuers of tokens have caught up.
 */
export class StoreClock {
  /** Epoch milliseconds of the store less monotonic milliseconds of this process; `undefined` before the first answer. */
  #ahead: number | undefined;

  /**
   * Notes what a store has stated.
   *
   * @param now epoch milliseconds; anything but a finite number is passed over
   * @param askedAt monotonic milliseconds before the store was asked
   */
  note(now: unknown, askedAt: number): void {
    if (typeof now === 'number' && Number.isFinite(now)) {
      this.#ahead = now - askedAt;
    }
  }

  /**
   * Epoch milliseconds by the clock of the store, later than it shows by at most the time that its last answer took. By the clock of this
   * process, if the store has never stated its own.
   */
  estimate(): number {
    return this.#ahead === undefined ? Date.now() : Math.ceil(this.#ahead + performance.now());
  }
}
