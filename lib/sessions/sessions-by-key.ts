import type { LiveSession } from './live-session.js';

/**
 * Live sessions by a key, such as that of their user or their token. Most keys have one session at a time, so it is kept
 * without a `Set`.
 */
export class SessionsByKey {
  readonly #byKey = new Map<string, LiveSession | Set<LiveSession>>();

  add(key: string, live: LiveSession): void {
    const known = this.#byKey.get(key);
    if (known instanceof Set) {
      known.add(live);
    } else {
      this.#byKey.set(key, known && known !== live ? new Set([known, live]) : live);
    }
  }

  delete(key: string, live: LiveSession): void {
    const known = this.#byKey.get(key);
    if (known === live || (known instanceof Set && known.delete(live) && known.size === 0)) {
      this.#byKey.delete(key);
    }
  }

  /** Sessions of the key, oldest first. The list is a copy, so sessions may end while it is read. */
  of(key: string): LiveSession[] {
    const known = this.#byKey.get(key);
    if (known === undefined) {
      return [];
    }
    return known instanceof Set ? [...known] : [known];
  }

  /** Number of sessions of the key, without the copy. */
  count(key: string): number {
    const known = this.#byKey.get(key);
    return known instanceof Set ? known.size : Number(known !== undefined);
  }
}
