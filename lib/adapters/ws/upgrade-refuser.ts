import type { WebSocketServer } from 'ws';
import type { UpgradeSubject } from '../../authentication/authenticator.js';
import { runAll } from '../../errors/run-all.js';
import { refusesByCloseFrame } from '../../policy/rejection.js';
import type { Refusal } from '../../protocol/refusal.js';
import { closeGraceMs } from '../close-grace.js';
import { refuseClient } from './close-client.js';
import type { GatedWebSocket } from './gate.js';
import type { PendingUpgrade } from '../pending-upgrade.js';
import { destroyAfter, refuseUpgrade } from '../refuse.js';
import type { SubprotocolChoice } from '../route.js';
import type { SessionContext } from '../session-context.js';

/** What refusing needs of a route. */
export interface UpgradeRefuserOptions {
  readonly server: WebSocketServer;
  readonly context: SessionContext;
  readonly subprotocols: SubprotocolChoice;
}

const noEarlyBytes = Buffer.alloc(0);

/** A client that breaks the protocol is terminated in any case. */
function ignore(): void {}

/** Refuses the upgrades of one route: by an HTTP status, or by a 101 and a close frame that a page can read. */
export class UpgradeRefuser {
  /** Sockets that were accepted to be closed, until they are. */
  readonly #closing = new Set<GatedWebSocket>();

  constructor(
    private readonly options: UpgradeRefuserOptions,
    private readonly clients: Set<GatedWebSocket>,
  ) {}

  /** The upgrade keeps its slot until the socket is closed. */
  refuse(upgrade: PendingUpgrade, refusal: Refusal): void {
    const { policy } = this.options.context;
    const { subject } = upgrade;
    const { handshake } = subject;
    if (
      refusesByCloseFrame(policy.rejection, refusal, handshake) &&
      this.#choosesSubprotocol(subject)
    ) {
      this.#accept(upgrade, refusal);
    } else {
      this.refuseByHttp(upgrade, refusal);
    }
  }

  /** The same by an HTTP status, whatever the policy prefers. */
  refuseByHttp(upgrade: PendingUpgrade, refusal: Refusal): void {
    const { peer } = upgrade;
    this.options.context.reporter.refused(refusal, peer, 'handshake');
    refuseUpgrade(peer.socket, refusal);
    if (!peer.socket.destroyed) {
      upgrade.hold();
      upgrade.letGoWhenClosed();
    }
  }

  /** Terminates clients that have not answered the close frame yet. */
  close(): void {
    runAll([...this.#closing].map((client) => () => client.terminate()));
  }

  /** What `ws` refuses at this point, such as a bad extension, is reported by the route. */
  #accept(upgrade: PendingUpgrade, refusal: Refusal): void {
    const { server, context } = this.options;
    const { subject, peer } = upgrade;
    let accepted = false;
    server.handleUpgrade(subject.request, peer.socket, noEarlyBytes, (client) => {
      accepted = true;
      context.reporter.refused(refusal, peer, 'handshake');
      this.#close(client as GatedWebSocket, refusal);
    });
    upgrade.hold();
    upgrade.letGoWhenClosed();
    if (!accepted) {
      // The gateway's own `verifyClient` is still at it.
      destroyAfter(peer.socket, closeGraceMs.pending);
    }
  }

  #close(client: GatedWebSocket, refusal: Refusal): void {
    const { context } = this.options;
    this.clients.delete(client);
    client.on('error', ignore);
    this.#closing.add(client);
    client.once('close', () => this.#closing.delete(client));
    refuseClient(client, refusal, context.policy);
  }

  /** As for an accepted client, since Chromium fails a connection that answers none of those it offered. */
  #choosesSubprotocol({ handshake, request }: UpgradeSubject): boolean {
    const { subprotocols, context } = this.options;
    try {
      subprotocols.choose(handshake, context.policy.redaction, request);
      return true;
    } catch {
      // The gateway's own function cannot decide what a 101 should answer.
      return false;
    }
  }
}
