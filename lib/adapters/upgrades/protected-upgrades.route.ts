import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Authenticated } from '../../authentication/authenticated.js';
import type { Handshake } from '../../protocol/handshake.js';
import { LiveConnections } from '../live-connections.js';
import type { PendingUpgrade } from '../pending-upgrade.js';
import type { UpgradeRoute } from '../route.js';
import type { PassOn } from '../server-platform.js';
import type { SessionContext } from '../session-context.js';
import { hideTokenSubprotocols } from './token-subprotocols.js';
import { UpgradedConnection } from './upgraded-connection.js';
import { UpgradeGate } from './upgrade-gate.js';

/** The upgrades of a server of another package: it receives those of authenticated clients, and each session owns its socket. */
export class ProtectedUpgradesRoute implements UpgradeRoute {
  readonly #gate: UpgradeGate;
  readonly #connections = new LiveConnections<UpgradedConnection>();

  constructor(
    private readonly context: SessionContext,
    private readonly passOn: PassOn,
  ) {
    this.#gate = new UpgradeGate(context, (upgrade, decision) => {
      // Only a first message defers, and no policy of upgrades has one.
      this.#open(upgrade, decision as Authenticated);
    });
  }

  get isClosing(): boolean {
    return this.#gate.isClosing;
  }

  upgrade(request: IncomingMessage, socket: Duplex, handshake: Handshake): void {
    this.#gate.upgrade(request, socket, handshake);
  }

  close(): void {
    this.#gate.close();
    this.#connections.close();
  }

  #open(upgrade: PendingUpgrade, authenticated: Authenticated): void {
    const { subject, peer, attempt } = upgrade;
    attempt.settle();
    if (peer.socket.destroyed) {
      this.#gate.admission.release(authenticated);
      return;
    }
    hideTokenSubprotocols(subject.request, this.context.policy.redaction);
    const connection = new UpgradedConnection(subject.request, this.context, peer, authenticated);
    this.#connections.add(connection, peer.socket);
    if (!this.#gate.admission.begin(connection.life, upgrade)) {
      return;
    }
    connection.life.within(() => this.passOn(subject.request, peer.socket));
  }
}
