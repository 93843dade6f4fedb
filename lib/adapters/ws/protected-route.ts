import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocketServer } from 'ws';
import type { Authenticated } from '../../authentication/authenticated.js';
import { failed } from '../../authentication/strategy-refusal.js';
import { clientKey } from '../../policy/client-key.js';
import type { Handshake } from '../../protocol/handshake.js';
import { refusedBy, type Refusal } from '../../protocol/refusal.js';
import { parseRequestTarget } from '../../protocol/request-target.js';
import { terminateAfter } from './close-client.js';
import { contain } from '../contain.js';
import type { ExpectClient } from '../adapter-context.js';
import { announceClient } from './contained-web-socket.js';
import type { GatedWebSocket } from './gate.js';
import { startHeartbeat } from './heartbeat.js';
import { FirstMessageJudge } from '../first-message-judge.js';
import type { PendingUpgrade } from '../pending-upgrade.js';
import type { ReceiverLimits } from './internals/receiver-limits.js';
import { refuseUpgrade } from '../refuse.js';
import type { Route, SubprotocolChoice } from '../route.js';
import type { SessionContext } from '../session-context.js';
import { UpgradeDecider, type UpgradeOutcomes } from '../upgrade-decider.js';
import { SessionGate } from './session-gate.js';
import { SessionOpener } from './session-opener.js';
import { WaitingRoom } from './waiting-room.js';
import { UpgradeAcceptor } from './upgrade-acceptor.js';
import { UpgradeRefuser } from './upgrade-refuser.js';

/** What a protected route is made of. */
export interface ProtectedRouteOptions {
  readonly server: WebSocketServer;
  readonly context: SessionContext;
  /** Bounds that hold for sessions. */
  readonly limits: ReceiverLimits;
  readonly subprotocols: SubprotocolChoice;
  /** Called with each client before the gateways see it. */
  readonly expect: ExpectClient | undefined;
  /** Called with the socket of each session, which the route closes from then on. */
  readonly handOver: (socket: Duplex) => void;
}

/** A path whose connections must be authenticated before the gateway sees them. */
export class ProtectedRoute implements Route, UpgradeOutcomes {
  readonly #clients: Set<GatedWebSocket>;
  readonly #opener: SessionOpener;
  readonly #decider: UpgradeDecider;
  readonly #refuser: UpgradeRefuser;
  readonly #acceptor: UpgradeAcceptor;
  readonly #waitingRoom: WaitingRoom;
  readonly #stopHeartbeat: () => void;

  constructor(private readonly options: ProtectedRouteOptions) {
    const { server, context } = options;
    this.#opener = new SessionOpener(context, server, options.handOver);
    this.#clients = this.#opener.clients;
    this.#decider = new UpgradeDecider(context, this.#opener.admission, this);
    this.#refuser = new UpgradeRefuser(options, this.#clients);
    this.#acceptor = new UpgradeAcceptor(server, this.#refuser, context.policy.authTimeoutMs);
    this.#waitingRoom = new WaitingRoom(
      options,
      this.#opener,
      new FirstMessageJudge(context, this.#opener.admission),
      (client, upgrade) => this.#announce(client, upgrade),
    );
    server.on('wsClientError', this.#onClientError);
    this.#stopHeartbeat = startHeartbeat(this.#clients, context.policy.heartbeatIntervalMs);
  }

  get server(): WebSocketServer {
    return this.options.server;
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

  defer(upgrade: PendingUpgrade): void {
    this.#acceptor.accept(upgrade, (client) => this.#waitingRoom.enter(client, upgrade));
  }

  accept(upgrade: PendingUpgrade, authenticated: Authenticated): void {
    this.#opener.releaseWith(upgrade.peer.socket, authenticated);
    this.#acceptor.acceptSession(upgrade, this.options.limits, (client) => {
      upgrade.attempt.settle();
      if (this.#opener.open(client, upgrade, authenticated)) {
        this.#announce(client, upgrade);
      }
    });
  }

  refuse(upgrade: PendingUpgrade, refusal: Refusal): void {
    this.#refuser.refuse(upgrade, refusal);
    upgrade.attempt.settle();
  }

  /** The gateway's own choice of a subprotocol may throw. */
  veto({ subject }: PendingUpgrade): Refusal | undefined {
    const { subprotocols, context } = this.options;
    try {
      subprotocols.choose(subject.handshake, context.policy.redaction, subject.request);
      return undefined;
    } catch (cause) {
      return failed(cause);
    }
  }

  /** Refuses what is on its way, and ends the sessions. */
  close(): void {
    this.#stopHeartbeat();
    this.#refuser.close();
    this.#decider.close();
    for (const client of this.#clients) {
      contain('ending a session', () => this.#endSession(client));
    }
  }

  /** A client whose session has ended may still owe an answer to our close frame, and has longer for it than is left now. */
  #endSession(client: GatedWebSocket): void {
    const { wsAuthGate: gate } = client;
    if (gate instanceof SessionGate) {
      gate.life.leave();
    } else {
      terminateAfter(client, this.options.context.policy.shutdownTimeoutMs);
    }
  }

  /** What `ws` itself refuses after authentication, such as a bad extension, is refused as everything else is. */
  readonly #onClientError = (_error: Error, socket: Duplex, request: IncomingMessage): void => {
    const { reporter, policy } = this.options.context;
    const refusal = refusedBy('sec-websocket-extensions', 'ERR_WS_AUTH_MALFORMED_HANDSHAKE');
    const path = parseRequestTarget(request.url ?? '')?.path ?? '';
    const address = clientKey(request, policy.trust);
    reporter.refused(refusal, { path, address }, 'handshake');
    refuseUpgrade(socket, refusal);
  };

  /** Hands the client to the gateways, in the context that the strategy has set up. */
  #announce(client: GatedWebSocket, { subject }: PendingUpgrade): void {
    const { expect } = this.options;
    const announce = () => {
      expect?.(client);
      announceClient(this.server, client, subject.request);
    };
    if (client.wsAuthContext) {
      client.wsAuthContext.runInAsyncScope(announce);
    } else {
      announce();
    }
  }
}
