import type { Authenticated } from '../authentication/authenticated.js';
import { failed } from '../authentication/strategy-refusal.js';
import type { Credential } from '../credentials/credential.js';
import { Refusal, refusedBy } from '../protocol/refusal.js';
import type { Admission } from './admission.js';
import type { PendingUpgrade } from './pending-upgrade.js';
import type { SessionContext } from './session-context.js';

/** Judges clients by their first message: slot, deadline, strategies, admission. It knows no transport. */
export class FirstMessageJudge {
  constructor(
    private readonly context: SessionContext,
    private readonly admission: Admission,
  ) {}

  /**
   * The client has yet to send its first message. Until it does, a client that presents a credential may take its slot.
   *
   * @param terminate ends the connection of a client that has lost its slot
   */
  expect({ attempt, peer }: PendingUpgrade, terminate: () => void): void {
    // Read the address now: after a disconnect the kernel no longer knows it, and a failure must still be counted.
    peer.identify();
    attempt.late = 'ERR_WS_AUTH_TIMEOUT';
    this.context.budget.mayEvict(peer, () => {
      attempt.abort(refusedBy('max-pending', 'ERR_WS_AUTH_OVERLOADED'));
      terminate();
    });
  }

  /**
   * Has the strategies judge the first message of a client. While they do, it cannot lose its slot.
   *
   * @param decided called unless the attempt has ended, later for a credential. It begins the session synchronously, so that two clients
   *   cannot pass one limit.
   */
  async judge(
    upgrade: PendingUpgrade,
    credential: Credential | Refusal,
    decided: (result: Authenticated | Refusal) => void,
  ): Promise<void> {
    if (credential instanceof Refusal) {
      decided(credential);
      return;
    }
    const { attempt, peer } = upgrade;
    attempt.late = 'ERR_WS_AUTH_UNAVAILABLE';
    this.context.budget.keep(peer);
    const result = await this.#enter(upgrade, credential);
    if (attempt.running) {
      decided(result instanceof Refusal ? result : (this.#refuse(result) ?? result));
    }
  }

  async #enter(upgrade: PendingUpgrade, credential: Credential): Promise<Authenticated | Refusal> {
    const { subject, attempt } = upgrade;
    upgrade.begin();
    try {
      return await this.context.authenticator.enter(subject, credential, attempt);
    } catch (cause) {
      return failed(cause);
    } finally {
      upgrade.finish();
    }
  }

  /** Refuses a client that may not have a session although its credential is good. */
  #refuse(authenticated: Authenticated): Refusal | undefined {
    const refusal = this.admission.refuse(authenticated);
    if (refusal) {
      this.admission.release(authenticated);
    }
    return refusal;
  }
}
