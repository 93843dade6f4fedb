import { Refusal } from '../protocol/refusal.js';
import type { WsAuthStore } from '../store/ws-auth-store.js';
import type { Authenticated } from './authenticated.js';

/** Asks the common store whether a credential is revoked, at every authentication. */
export class RevocationCheck {
  constructor(private readonly store: WsAuthStore) {}

  /** Refuses a revoked credential, and every one while the store does not answer. */
  async check({ session, proof }: Authenticated): Promise<Refusal | undefined> {
    const { userId } = session;
    const { tokenId, issuedAt } = proof;
    try {
      const revoked = await this.store.isRevoked({ userId, tokenId, issuedAt });
      return revoked ? new Refusal('ERR_WS_AUTH_REVOKED') : undefined;
    } catch (cause) {
      return new Refusal('ERR_WS_AUTH_UNAVAILABLE', { cause });
    }
  }
}
