import { inTime } from '../store/in-time.js';
import type { StoredRevocation, WsAuthStore } from '../store/ws-auth-store.js';

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
   * Publishes all that is kept. Calls that come meanwhile share one further run: if each had its own, a thousand revocations at
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

  async #publishAll(store: Pick<WsAuthStore, 'addRevocation'>): Promise<void> {
    for (const [tokenId, revocation] of this.#byToken) {
      await inTime(store.addRevocation(revocation));
      if (this.#byToken.get(tokenId) === revocation) {
        this.#byToken.delete(tokenId);
      }
    }
  }
}

/** The calls that shared a run have its error; the next run tries again. */
function nothing(): void {}
