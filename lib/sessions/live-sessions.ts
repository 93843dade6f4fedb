import type { LiveSession } from './live-session.js';
import type { Proof } from './proof.js';
import { SessionsByKey } from './sessions-by-key.js';

/**
 * Registry of the live sessions of this process: by id, by user and by token. A revocation looks only at the sessions that
 * it concerns, since every node carries out the revocations of all nodes.
 */
export class LiveSessions {
  readonly #byId = new Map<string, LiveSession>();
  readonly #byUser = new SessionsByKey();
  readonly #byToken = new SessionsByKey();
  /** Those whose clients have received the notice. */
  readonly #leaving = new Set<LiveSession>();

  #onChange: ((userId: string | undefined) => void) | undefined;

  /** Calls back with the key of each user whose sessions have changed; `undefined` where only the number of sessions has. */
  onChange(callback: (userId: string | undefined) => void): void {
    this.#onChange = callback;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Number of sessions without those whose clients connect elsewhere, where they are counted. */
  get staying(): number {
    return this.#byId.size - this.#leaving.size;
  }

  /** Notes that the client of a session has received the notice to connect elsewhere. */
  noteLeaving(live: LiveSession): void {
    if (this.#byId.get(live.session.id) === live) {
      this.#leaving.add(live);
      // Other nodes count with what this one publishes, long before the session ends.
      this.#onChange?.(undefined);
    }
  }

  add(live: LiveSession): void {
    const { id, userId } = live.session;
    this.#byId.set(id, live);
    if (userId !== undefined) {
      this.#byUser.add(userId, live);
    }
    this.#onChange?.(userId);
    for (const tokenId of live.proof.tokenIds) {
      this.#byToken.add(tokenId, live);
    }
  }

  delete(live: LiveSession): void {
    const { id, userId } = live.session;
    this.#byId.delete(id);
    this.#leaving.delete(live);
    if (userId !== undefined) {
      this.#byUser.delete(userId, live);
    }
    this.#onChange?.(userId);
    for (const tokenId of live.proof.tokenIds) {
      this.#byToken.delete(tokenId, live);
    }
  }

  /** Files a renewed session under its present token instead of the former one. Its user and its age stay the same. */
  renewed(live: LiveSession, former: Proof): void {
    for (const tokenId of former.tokenIds) {
      this.#byToken.delete(tokenId, live);
    }
    const { id, userId } = live.session;
    if (this.#byId.get(id) === live) {
      if (userId !== undefined) {
        this.#onChange?.(userId);
      }
      for (const tokenId of live.proof.tokenIds) {
        this.#byToken.add(tokenId, live);
      }
    }
  }

  with(sessionId: string): LiveSession | undefined {
    return this.#byId.get(sessionId);
  }

  /** The sessions of these ids that are live. */
  named(sessionIds: readonly string[]): LiveSession[] {
    return sessionIds.flatMap((id) => this.#byId.get(id) ?? []);
  }

  /** Sessions of a user, oldest first. */
  ofUser(userId: string): LiveSession[] {
    return this.#byUser.of(userId);
  }

  countOfUser(userId: string): number {
    return this.#byUser.count(userId);
  }

  /** Sessions that stand on a token, oldest first. */
  ofToken(tokenId: string): LiveSession[] {
    return this.#byToken.of(tokenId);
  }

  all(): IterableIterator<LiveSession> {
    return this.#byId.values();
  }
}
