import type { Authenticated } from '../../authentication/authenticated.js';
import { withUnread } from '../../authentication/unread-places.js';
import { sessionMessage } from '../../protocol/message.js';
import type { Refusal } from '../../protocol/refusal.js';
import { refuseClient } from './close-client.js';
import type { GatedWebSocket } from './gate.js';
import { PendingGate } from './pending-gate.js';
import type { FirstMessageJudge } from '../first-message-judge.js';
import type { PendingUpgrade } from '../pending-upgrade.js';
import {
  limitsWithoutSession,
  setReceiverLimits,
  type ReceiverLimits,
} from './internals/receiver-limits.js';
import type { SessionContext } from '../session-context.js';
import type { SessionOpener } from './session-opener.js';

/** What waiting needs of a route. */
export interface WaitingRoomOptions {
  readonly context: SessionContext;
  /** Bounds that hold for sessions. */
  readonly limits: ReceiverLimits;
}

/** The accepted clients of one route that have yet to send their first message. Gateways and broadcasts do not see them. */
export class WaitingRoom {
  /** @param announce hands a client to the gateways */
  constructor(
    private readonly options: WaitingRoomOptions,
    private readonly opener: SessionOpener,
    private readonly judge: FirstMessageJudge,
    private readonly announce: (client: GatedWebSocket, upgrade: PendingUpgrade) => void,
  ) {}

  /** A client keeps its slot until it has a session or is closed, or until one that presents a credential needs it. */
  enter(client: GatedWebSocket, upgrade: PendingUpgrade): void {
    const { attempt } = upgrade;
    // From here on the end of the client counts, which comes after the last of its messages.
    upgrade.unwatch();
    upgrade.hold();
    this.judge.expect(upgrade, () => client.terminate());
    const gate = this.#gateOf(client, upgrade);
    client.wsAuthGate = gate;
    setReceiverLimits(client, limitsWithoutSession(this.options.context.policy.limits));
    this.opener.clients.delete(client);
    attempt.onAbort(() => {
      gate.abort(client);
      if (!attempt.refusal) {
        upgrade.letGoWhenClosed();
      }
    });
  }

  #gateOf(client: GatedWebSocket, upgrade: PendingUpgrade): PendingGate {
    return new PendingGate({
      policy: this.options.context.policy,
      attempt: upgrade.attempt,
      judge: (credential, decided) => this.judge.judge(upgrade, credential, decided),
      open: (authenticated) => this.#admit(client, upgrade, authenticated),
      refuse: (refused, refusal) => this.#refuse(refused, upgrade, refusal),
    });
  }

  /** Begins the session of a client that its first message has authenticated. */
  #admit(client: GatedWebSocket, upgrade: PendingUpgrade, authenticated: Authenticated): void {
    const { opener } = this;
    const { firstMessage, events } = this.options.context.policy;
    upgrade.letGo();
    setReceiverLimits(client, this.options.limits);
    if (!opener.open(client, upgrade, authenticated)) {
      return;
    }
    if (firstMessage?.format === 'event') {
      const { expiresAt = null } = authenticated.session;
      client.send(sessionMessage(events.authenticated, { expiresAt }));
    }
    this.announce(client, upgrade);
  }

  #refuse(client: GatedWebSocket, upgrade: PendingUpgrade, refusal: Refusal): void {
    const { reporter, policy, budget } = this.options.context;
    const { peer, subject, attempt } = upgrade;
    const why = withUnread(refusal, subject.original, attempt.passedOver);
    reporter.refused(why, peer, 'message');
    refuseClient(client, refusal, policy);
    if (!upgrade.isBusy) {
      budget.mayEvict(peer, () => client.terminate());
    }
    upgrade.letGoWhenClosed();
  }
}
