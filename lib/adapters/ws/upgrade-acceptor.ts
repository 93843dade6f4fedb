import type { Duplex } from 'node:stream';
import type { WebSocket, WebSocketServer } from 'ws';
import { closeGraceMs } from '../close-grace.js';
import { terminateAfter } from './close-client.js';
import { captureRejections } from '../capture-rejections.js';
import type { GatedWebSocket } from './gate.js';
import { endOnce } from '../upgrades/end-once.js';
import {
  setReceiverLimits,
  upgradeWithLimits,
  type ReceiverLimits,
} from './internals/receiver-limits.js';
import { PendingGate } from './pending-gate.js';
import type { PendingUpgrade } from '../pending-upgrade.js';
import type { UpgradeRefuser } from './upgrade-refuser.js';
import { onVerified } from './verification.js';

const noEarlyBytes = Buffer.alloc(0);

/** Accepts upgrades with a 101, and keeps the slot of each until there is a client, or none any more. */
export class UpgradeAcceptor {
  constructor(
    private readonly server: WebSocketServer,
    private readonly refuser: UpgradeRefuser,
    private readonly authTimeoutMs: number,
  ) {}

  /** Accepts a client that has yet to authenticate, with the bounds that the server was made with. */
  accept(upgrade: PendingUpgrade, onClient: (client: GatedWebSocket) => void): void {
    const { subject, peer } = upgrade;
    const accepted = this.#accepted(upgrade, onClient);
    this.server.handleUpgrade(subject.request, peer.socket, noEarlyBytes, accepted.onClient);
    accepted.check();
  }

  /** Accepts an authenticated client, with the bounds of a session. */
  acceptSession(
    upgrade: PendingUpgrade,
    limits: ReceiverLimits,
    onClient: (client: GatedWebSocket) => void,
  ): void {
    const { subject, peer } = upgrade;
    const accepted = this.#accepted(upgrade, onClient);
    upgradeWithLimits(this.server, limits, (restore) => {
      this.server.handleUpgrade(subject.request, peer.socket, noEarlyBytes, (client) => {
        restore();
        // A `verifyClient` may answer later, when the server has its own bounds again.
        setReceiverLimits(client, limits);
        accepted.onClient(client);
      });
    });
    accepted.check();
  }

  /**
   * The upgrade is not watched while `ws` adds its listeners: a list that has held one listener more keeps room for sixteen, for as
   * long as the socket lives.
   */
  #accepted(upgrade: PendingUpgrade, onClient: (client: GatedWebSocket) => void) {
    const acceptance = { done: false, isAwaited: false };
    upgrade.unwatch();
    return {
      onClient: (client: WebSocket) => {
        acceptance.done = true;
        prepare(client, upgrade.peer.socket);
        onClient(client as GatedWebSocket);
        if (acceptance.isAwaited) {
          upgrade.letGo();
        }
      },
      check: () => {
        if (!acceptance.done) {
          acceptance.isAwaited = true;
          this.#await(upgrade, acceptance);
        }
      },
    };
  }

  /** The `verifyClient` of a gateway may answer later, and `ws` may refuse. Either has to end before the deadline. */
  #await(upgrade: PendingUpgrade, acceptance: { readonly done: boolean }): void {
    const { subject, attempt, waits, peer } = upgrade;
    upgrade.hold();
    // Ask for the address now: the kernel forgets it when the client leaves, and `verifyClient` may still run then.
    peer.identify();
    if (this.server.options.verifyClient?.length === 2) {
      upgrade.begin();
      onVerified(subject.request, () => upgrade.finish());
    }
    if (waits) {
      upgrade.watch();
    } else {
      upgrade.wait(this.authTimeoutMs);
    }
    attempt.onAbort(() => {
      if (!acceptance.done) {
        this.#end(upgrade);
        upgrade.letGo();
      }
    });
    if (peer.socket.destroyed) {
      attempt.abort();
    }
  }

  /** By HTTP, whatever the policy prefers: `ws` accepts no socket twice. */
  #end(upgrade: PendingUpgrade): void {
    const { refusal } = upgrade.attempt;
    if (refusal) {
      this.refuser.refuseByHttp(upgrade, refusal);
    } else {
      upgrade.peer.socket.destroy();
    }
  }
}

function prepare(client: WebSocket, socket: Duplex): void {
  endOnce(client, socket);
  captureRejections(client);
  client.on('error', terminateSoon);
}

/** `ws` sends the close frame to a peer that breaks the protocol. Here the peer gets a bound for its answer. */
function terminateSoon(this: WebSocket, error: Error): void {
  const { wsAuthGate: gate } = this as GatedWebSocket;
  const isPending = gate instanceof PendingGate;
  terminateAfter(this, closeGraceMs[isPending ? 'pending' : 'session']);
  if (isPending) {
    gate.failed(error);
  }
}
