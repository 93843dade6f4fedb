import type { Authenticated } from '../../authentication/authenticated.js';
import type { PendingBudget } from '../../authentication/pending-budget.js';
import { sessionMessage } from '../../protocol/message.js';
import { refusedBy, type Refusal } from '../../protocol/refusal.js';
import { refuseClient } from './close-client.js';
import type { GatedWebSocket } from './gated-web-socket.js';
import { PendingGate } from './pending-gate.js';
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
  readonly budget: PendingBudget;
  /** Bounds that hold for sessions. */
  readonly limits: ReceiverLimits;
}

/** The accepted clients of one route that have yet to send their first message. Gateways and broadcasts do not see them. */
export class WaitingRoom {
  /** @param announce hands a client to the gateways */
  constructor(
    private readonly options: WaitingRoomOptions,
    private readonly opener: SessionOpener,
    private readonly announce: (client: GatedWebSocket, upgrade: PendingUpgrade) => void,
  ) {}

  /** A client keeps its slot until it has a session or is closed, or until one that presents a credential needs it. */
  enter(client: GatedWebSocket, upgrade: PendingUpgrade): void {
    const { attempt, peer } = upgrade;
    const { context, budget } = this.options;
    // Read the address now: after a disconnect the kernel no longer knows it, and a failure must still be counted.
    peer.identify();
    // From here on the end of the client counts, which comes after the last of its messages.
    upgrade.unwatch();
    upgrade.hold();
    budget.mayEvict(peer, () => {
      attempt.abort(refusedBy('max-pending', 'ERR_WS_AUTH_OVERLOADED'));
      client.terminate();
    });
    const gate = this.#gateOf(client, upgrade);
    attempt.late = 'ERR_WS_AUTH_TIMEOUT';
    client.wsAuthGate = gate;
    setReceiverLimits(client, limitsWithoutSession(context.policy.limits));
    this.opener.clients.delete(client);
    attempt.onAbort(() => {
      gate.abort(client);
      if (!attempt.refusal) {
        upgrade.letGoWhenClosed();
      }
    });
  }

  #gateOf(client: GatedWebSocket, upgrade: PendingUpgrade): PendingGate {
    const { subject, attempt, peer } = upgrade;
    const { policy, authenticator } = this.options.context;
    return new PendingGate({
      policy,
      authenticator,
      subject,
      attempt,
      begin: () => {
        this.options.budget.keep(peer);
        upgrade.begin();
      },
      finish: () => upgrade.finish(),
      open: (authenticated) => this.#admit(client, upgrade, authenticated),
      refuse: (refused, refusal) => this.#refuse(refused, upgrade, refusal),
    });
  }

  /** Begins the session of a client that its first message has authenticated. */
  #admit(client: GatedWebSocket, upgrade: PendingUpgrade, authenticated: Authenticated): void {
    const { opener } = this;
    const { firstMessage, events } = this.options.context.policy;
    const unfit = opener.admission.refuse(authenticated);
    if (unfit) {
      opener.admission.release(authenticated);
      this.#refuse(client, upgrade, unfit);
      return;
    }
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
    const { reporter, policy } = this.options.context;
    const { peer } = upgrade;
    reporter.refused(refusal, peer, 'message');
    refuseClient(client, refusal, policy);
    if (!upgrade.isBusy) {
      this.options.budget.mayEvict(peer, () => client.terminate());
    }
    upgrade.letGoWhenClosed();
  }
}
