import { inTime } from '../store/in-time.js';
import type { StoredRevocation, WsAuthStore } from '../store/ws-auth-store.js';

/** Revocations that the store is asked for at the same time: one after the other, a thousand would take a distant store minutes. */
const pieceSize = 100;

/**
 * Revocations of tokens that only this node knows, until the store has them. What cannot be published is kept for the next
 * attempt. There are no more than sessions that have ended since the store was last reachable.
 */
export class UnpublishedRevocations {
  readonly #byToken = new Map<string, StoredRevocation>();
  #publishing: Promise<void> | undefined;
  #following: Promise<void> | undefined;

  add(revocation: StoredRevocation): void {
    this.#byToken.set(revocation.id, revocation);
  }

  /**
   * Publishes all that is kept now. Calls that come meanwhile share one further run: if each had its own, a thousand revocations at
   * the same time would publish every token a thousand times.
   */
  publish(store: Pick<WsAuthStore, 'addRevocation'>): Promise<void> {
    if (this.#publishing) {
      this.#following ??= this.#publishing.then(nothing, nothing).then(() => {
        this.#following = undefined;
        return this.publish(store);
      });
      return this.#following;
    }
    this.#publishing = this.#publishAll(store).finally(() => {
      this.#publishing = undefined;
    });
    return this.#publishing;
  }

  /** One that the store refuses stops no other. A store that takes none of a piece is not asked for the rest. */
  async #publishAll(store: Pick<WsAuthStore, 'addRevocation'>): Promise<void> {
    const kept = [...this.#byToken.values()];
    const failures: unknown[] = [];
    for (let index = 0; index < kept.length; index += pieceSize) {
      const piece = kept.slice(index, index + pieceSize);
      const outcomes = await Promise.allSettled(piece.map((each) => this.#publishOne(store, each)));
      const failed = outcomes.filter((each) => each.status === 'rejected');
      failures.push(...failed.map(({ reason }) => reason as unknown));
      if (failed.length === piece.length) {
        break;
      }
    }
    if (failures.length > 0) {
      throw failures[0];
    }
  }

  async #publishOne(
    store: Pick<WsAuthStore, 'addRevocation'>,
    revocation: StoredRevocation,
  ): Promise<void> {
    await inTime(store.addRevocation(revocation));
    if (this.#byToken.get(revocation.id) === revocation) {
      this.#byToken.delete(revocation.id);
    }
  }
}

/** The calls that shared a run have its error; the next run tries again. */
function nothing(): void {}
