import type { Authenticated } from '../authentication/authenticated.js';
import type { PendingBudget } from '../authentication/pending-budget.js';
import { failed } from '../authentication/strategy-refusal.js';
import type { Credential } from '../credentials/credential.js';
import type { Policy } from '../policy/policy.js';
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
    attempt.deadlineCode = 'ERR_WS_AUTH_TIMEOUT';
    this.context.budget.mayEvict(peer, () => {
      attempt.abort(refusedBy('max-pending', 'ERR_WS_AUTH_OVERLOADED'));
      terminate();
    });
  }

  get policy(): Policy {
    return this.context.policy;
  }

  /** Reads the first message of a client, and has the strategies {@link judge} it. */
  judgeText(
    upgrade: PendingUpgrade,
    text: string,
    decided: (result: Authenticated | Refusal) => void,
  ): Promise<void> {
    const { firstMessage, events, limits } = this.policy;
    return this.judge(upgrade, firstMessage!.read(text, events.authenticate, limits), decided);
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
    const { subject, attempt } = upgrade;
    const { budget, authenticator } = this.context;
    const result = await whileJudging(budget, upgrade, () =>
      authenticator.enter(subject, credential, attempt),
    );
    if (attempt.running) {
      decided(result instanceof Refusal ? result : (this.#refuse(result) ?? result));
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

/** Has strategies judge a client that is connected already. While they do, it cannot lose its slot. */
export async function whileJudging(
  budget: PendingBudget,
  upgrade: PendingUpgrade,
  judge: () => Promise<Authenticated | Refusal>,
): Promise<Authenticated | Refusal> {
  upgrade.attempt.deadlineCode = 'ERR_WS_AUTH_UNAVAILABLE';
  budget.keep(upgrade.peer);
  upgrade.begin();
  try {
    return await judge();
  } catch (cause) {
    return failed(cause);
  } finally {
    upgrade.finish();
  }
}
