import type { LiveSession } from './live-session.js';

/** Live sessions by user. Most users have one at a time, and are not worth a `Set` each. */
export class SessionsByUser {
  readonly #byUser = new Map<string, LiveSession | Set<LiveSession>>();

  add(userId: string, live: LiveSession): void {
    const known = this.#byUser.get(userId);
    if (known instanceof Set) {
      known.add(live);
    } else {
      this.#byUser.set(userId, known && known !== live ? new Set([known, live]) : live);
    }
  }

  delete(userId: string, live: LiveSession): void {
    const known = this.#byUser.get(userId);
    if (known === live || (known instanceof Set && known.delete(live) && known.size === 0)) {
      this.#byUser.delete(userId);
    }
  }

  /** Oldest first. */
  of(userId: string): LiveSession[] {
    const known = this.#byUser.get(userId);
    if (known === undefined) {
      return [];
    }
    return known instanceof Set ? [...known] : [known];
  }
}
