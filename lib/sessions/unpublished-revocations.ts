import type { StoredRevocation, WsAuthStore } from '../store/ws-auth-store.js';

/**
 * Revocations of tokens that only this node knows, until the store has them. What cannot be published is kept for the next
 * attempt. There are no more than sessions that have ended since the store was last reachable.
 */
export class UnpublishedRevocations {
  readonly #byToken = new Map<string, StoredRevocation>();

  add(revocation: StoredRevocation): void {
    this.#byToken.set(revocation.id, revocation);
  }

  async publish(store: Pick<WsAuthStore, 'addRevocation'>): Promise<void> {
    for (const [tokenId, revocation] of this.#byToken) {
      await store.addRevocation(revocation);
      if (this.#byToken.get(tokenId) === revocation) {
        this.#byToken.delete(tokenId);
      }
    }
  }
}
