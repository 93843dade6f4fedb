import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Authenticated } from '../../authentication/authenticated.js';
import type { Handshake } from '../../protocol/handshake.js';
import type { Refusal } from '../../protocol/refusal.js';
import { Admission } from '../admission.js';
import { logFault } from '../contain.js';
import type { PendingUpgrade } from '../pending-upgrade.js';
import { refuseUpgrade } from '../refuse.js';
import type { SessionContext } from '../session-context.js';
import { UpgradeDecider } from '../upgrade-decider.js';

/** Receives the upgrades that are not refused: with a session to begin, or to wait for the first message. */
export type OnAdmitted = (upgrade: PendingUpgrade, decision: Authenticated | 'defer') => void;

/**
 * Decides the upgrades of one path whose connections belong to another server. It refuses by HTTP, before the other server sees
 * anything, and ends where the other server begins.
 */
export class UpgradeGate {
  readonly admission: Admission;
  readonly #decider: UpgradeDecider;

  constructor(
    private readonly context: SessionContext,
    private readonly onAdmitted: OnAdmitted,
  ) {
    this.admission = new Admission(context);
    this.#decider = new UpgradeDecider(context, this.admission, {
      defer: (upgrade) => this.#admit(upgrade, 'defer'),
      accept: (upgrade, authenticated) => this.#admit(upgrade, authenticated),
      refuse: (upgrade, refusal) => this.#refuse(upgrade, refusal),
      veto: () => undefined,
    });
  }

  get isClosing(): boolean {
    return this.#decider.isClosing;
  }

  upgrade(request: IncomingMessage, socket: Duplex, handshake: Handshake): void {
    const full = this.#decider.decide(request, socket, handshake);
    if (full) {
      refuseUpgrade(socket, full);
    }
  }

  /** Refuses what is on its way, and everything that comes later. */
  close(): void {
    this.#decider.close();
  }

  /** The other server runs from here on: what it throws must not end the process, and concerns this client alone. */
  #admit(upgrade: PendingUpgrade, decision: Authenticated | 'defer'): void {
    const { attempt, peer } = upgrade;
    try {
      this.onAdmitted(upgrade, decision);
    } catch (cause) {
      // What waits for the client gives back its slot, and the place of its session.
      attempt.abort();
      peer.socket.destroy();
      logFault('a listener of "upgrade"', cause);
    }
  }

  #refuse(upgrade: PendingUpgrade, refusal: Refusal): void {
    const { socket } = upgrade.peer;
    this.context.reporter.refused(refusal, upgrade.peer, 'handshake');
    refuseUpgrade(socket, refusal);
    if (!socket.destroyed) {
      upgrade.hold();
      upgrade.letGoWhenClosed();
    }
    upgrade.attempt.settle();
  }
}
