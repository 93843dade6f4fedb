import { refusedBy, unavailable, type Refusal } from '../protocol/refusal.js';
import type { RevocationLedger } from '../sessions/revocation-ledger.js';
import { revokedAnswer } from '../store/store-answers.js';
import type { WsAuthStore } from '../store/ws-auth-store.js';
import type { Authenticated } from '../authentication/authenticated.js';

/** What this node knows of revocations by itself, for as long as a session lives. */
export interface RevocationFeed {
  readonly isFresh: boolean;
  /** Whether the last reading has succeeded. */
  readonly isHealthy: boolean;
  read(): Promise<void>;
}

/** Asks the common store whether a credential is revoked, at every authentication. */
export class RevocationCheck {
  constructor(
    private readonly store: Pick<WsAuthStore, 'isRevoked'>,
    private readonly feed: RevocationFeed,
    private readonly ledger: Pick<RevocationLedger, 'questionAbout'>,
  ) {}

  /**
   * Refuses a revoked credential, and every one while the store does not answer, or this node does not receive
   * revocations: a session that begins now could not be ended.
   */
  async check(authenticated: Authenticated): Promise<Refusal | undefined> {
    try {
      if (revokedAnswer(await this.store.isRevoked(this.ledger.questionAbout(authenticated)))) {
        return refusedBy('revoked', 'ERR_WS_AUTH_REVOKED');
      }
    } catch (cause) {
      this.#lookAgain();
      return unavailable(cause);
    }
    if (!this.feed.isFresh) {
      await this.feed.read();
    }
    return this.refuseOutdated();
  }

  /**
   * The node is not ready from the moment its authentications fail, and not from the next reading on: a balancer would send it
   * clients that it refuses. Only a reading decides, since a single unreadable key must not take the node out.
   */
  #lookAgain(): void {
    if (this.feed.isHealthy) {
      void this.feed.read();
    }
  }

  /** Refuses every client while this node receives no revocations. */
  refuseOutdated(): Refusal | undefined {
    return this.feed.isFresh ? undefined : refusedBy('store', 'ERR_WS_AUTH_UNAVAILABLE');
  }
}
