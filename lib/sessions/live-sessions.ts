import type { Ending, LiveSession } from './live-session.js';
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
  /** Those that are over and wait for their turn to be closed: nothing passes any more, and no lookup finds them. */
  readonly #over = new Map<LiveSession, Ending>();

  #onChange: ((userId: string | undefined) => void) | undefined;
  #isOutdated: (() => boolean) | undefined;

  /** Calls back with the key of each user whose sessions have changed; `undefined` where only the number of sessions has. */
  onChange(callback: (userId: string | undefined) => void): void {
    this.#onChange = callback;
  }

  /** Asks at each message whether revocations of other nodes may be unknown, so that no session may go on. */
  endWhile(isOutdated: () => boolean): void {
    this.#isOutdated = isOutdated;
  }

  get size(): number {
    return this.#byId.size - this.#over.size;
  }

  /** Number of sessions without those whose clients connect elsewhere, where they are counted. */
  get staying(): number {
    return this.size - this.#leaving.size;
  }

  /** Notes that a session is over, and how it ends when its turn has come. */
  noteOver(live: LiveSession, ending: Ending): void {
    if (this.#byId.has(live.session.id)) {
      this.#over.set(live, ending);
      this.#leaving.delete(live);
    }
  }

  /**
   * How a session ends that is over and waits for its turn, or for which the timer comes too late: a process that stood still
   * may be handed what a client has sent before its timers run.
   */
  endingOf(live: LiveSession): Ending | undefined {
    const over = this.#over.size === 0 ? undefined : this.#over.get(live);
    return over ?? (this.#isOutdated?.() ? { why: 'storeLost' } : undefined);
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
    this.#over.delete(live);
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
    const live = this.#byId.get(sessionId);
    return live && !this.#over.has(live) ? live : undefined;
  }

  /** The sessions of these ids that are live. */
  named(sessionIds: readonly string[]): LiveSession[] {
    return sessionIds.flatMap((id) => this.with(id) ?? []);
  }

  /** Sessions of a user, oldest first. */
  ofUser(userId: string): LiveSession[] {
    return this.#notOver(this.#byUser.of(userId));
  }

  countOfUser(userId: string): number {
    return this.#over.size === 0 ? this.#byUser.count(userId) : this.ofUser(userId).length;
  }

  /** Sessions that stand on a token, oldest first. */
  ofToken(tokenId: string): LiveSession[] {
    return this.#notOver(this.#byToken.of(tokenId));
  }

  all(): readonly LiveSession[] {
    return this.#notOver([...this.#byId.values()]);
  }

  #notOver(found: LiveSession[]): LiveSession[] {
    return this.#over.size === 0 ? found : found.filter((live) => !this.#over.has(live));
  }
}
