import type { WebSocket, WebSocketServer } from 'ws';
import { closeGraceMs, terminateAfter } from './close-client.js';
import { endQuickly } from './end-quickly.js';
import type { GatedWebSocket } from './gated-web-socket.js';
import { PendingGate } from './pending-gate.js';
import type { PendingUpgrade } from './pending-upgrade.js';
import type { UpgradeRefuser } from './upgrade-refuser.js';
import { onVerified } from './verification.js';
import { writeAtOnce } from './write-at-once.js';

const noEarlyBytes = Buffer.alloc(0);

/** Accepts upgrades with a 101, and keeps the slot of each until there is a client, or none any more. */
export class UpgradeAcceptor {
  constructor(
    private readonly server: WebSocketServer,
    private readonly refuser: UpgradeRefuser,
    private readonly authTimeoutMs: number,
  ) {}

  accept(upgrade: PendingUpgrade, onClient: (client: GatedWebSocket) => void): void {
    const { subject, peer } = upgrade;
    const { socket } = peer;
    const acceptance = { done: false, late: false };
    this.server.handleUpgrade(subject.request, socket, noEarlyBytes, (client) => {
      acceptance.done = true;
      client.on('error', terminateSoon);
      endQuickly(client, socket);
      writeAtOnce(client);
      onClient(client as GatedWebSocket);
      if (acceptance.late) {
        upgrade.letGo();
      }
    });
    if (!acceptance.done) {
      acceptance.late = true;
      this.#await(upgrade, acceptance);
    }
  }

  /** The `verifyClient` of a gateway may answer later, and `ws` may refuse. Either has to end before the deadline. */
  #await(upgrade: PendingUpgrade, acceptance: { readonly done: boolean }): void {
    const { subject, attempt, waits, peer } = upgrade;
    upgrade.hold();
    if (this.server.options.verifyClient?.length === 2) {
      upgrade.begin();
      onVerified(subject.request, () => upgrade.finish());
    }
    if (!waits) {
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

/** `ws` sends the close frame to a peer that breaks the protocol. Here the peer gets a bound for its answer. */
function terminateSoon(this: WebSocket): void {
  const { wsAuthGate } = this as GatedWebSocket;
  const phase = wsAuthGate instanceof PendingGate ? 'pending' : 'session';
  terminateAfter(this, closeGraceMs[phase]);
}
