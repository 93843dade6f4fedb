import type { WebSocketServer } from 'ws';
import type { UpgradeSubject } from '../authentication/authenticator.js';
import type { PendingBudget } from '../authentication/pending-budget.js';
import { closesInstead } from '../policy/rejection.js';
import type { Refusal } from '../protocol/refusal.js';
import { refuseClient } from './close-client.js';
import type { GatedWebSocket } from './gated-web-socket.js';
import type { Peer } from './peer.js';
import { limitsWithoutSession, setReceiverLimits } from './receiver-limits.js';
import { refuseUpgrade } from './refuse.js';
import type { SubprotocolChoice } from './route.js';
import type { SessionContext } from './session-gate.js';

/** What refusing needs of a route. */
export interface UpgradeRefuserOptions {
  readonly server: WebSocketServer;
  readonly context: SessionContext;
  readonly budget: PendingBudget;
  readonly subprotocols: SubprotocolChoice;
}

/** A valid handshake that was decided against. */
export interface RefusedUpgrade {
  readonly subject: UpgradeSubject;
  readonly peer: Peer;
  readonly refusal: Refusal;
}

const noEarlyBytes = Buffer.alloc(0);

/** Whatever the peer does wrong, it is cut off. */
function ignore(): void {}

/** Refuses the upgrades of one route: by an HTTP status, or by a 101 and a close frame that a page can read. */
export class UpgradeRefuser {
  /** Sockets that were accepted to be closed, until they are. */
  readonly #closing = new Set<GatedWebSocket>();

  constructor(
    private readonly options: UpgradeRefuserOptions,
    private readonly clients: Set<GatedWebSocket>,
  ) {}

  refuse(refused: RefusedUpgrade): void {
    const { subject, peer, refusal } = refused;
    const { reporter, policy } = this.options.context;
    const { handshake } = subject;
    if (closesInstead(policy.rejection, refusal, handshake) && this.#choosesSubprotocol(subject)) {
      this.#accept(refused);
    } else {
      reporter.refused(refusal, peer, 'handshake');
      refuseUpgrade(peer.socket, refusal);
    }
  }

  /** Cuts off whoever has not answered its close frame yet. */
  close(): void {
    this.#closing.forEach((client) => client.terminate());
  }

  /** What `ws` refuses at this point, such as a bad extension, is reported by the route. */
  #accept({ subject, peer, refusal }: RefusedUpgrade): void {
    const { server, context } = this.options;
    server.handleUpgrade(subject.request, peer.socket, noEarlyBytes, (client) => {
      context.reporter.refused(refusal, peer, 'handshake');
      this.#close(client as GatedWebSocket, peer, refusal);
    });
  }

  /** The socket takes the place of its attempt, which has just been given back. */
  #close(client: GatedWebSocket, peer: Peer, refusal: Refusal): void {
    const { context, budget } = this.options;
    this.clients.delete(client);
    client.on('error', ignore);
    if (budget.take(peer)) {
      client.terminate();
      return;
    }
    this.#closing.add(client);
    client.once('close', () => {
      this.#closing.delete(client);
      budget.release(peer);
    });
    setReceiverLimits(client, limitsWithoutSession(context.policy.limits));
    refuseClient(client, refusal, context.policy);
  }

  /** As for an accepted client, since Chromium fails a connection that answers none of those it offered. */
  #choosesSubprotocol({ handshake, request }: UpgradeSubject): boolean {
    const { subprotocols, context } = this.options;
    try {
      subprotocols.choose(handshake, context.policy.redaction, request);
      return true;
    } catch {
      // The gateway's own function cannot say what a 101 should answer.
      return false;
    }
  }
}
