import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocketServer } from 'ws';
import type { Authenticated } from '../../authentication/authenticated.js';
import type { Decision, UpgradeSubject } from '../../authentication/authenticator.js';
import type { PendingBudget } from '../../authentication/pending-budget.js';
import { failed, orFailed } from '../../authentication/strategy-refusal.js';
import { redactRequest } from '../../credentials/redaction.js';
import { isThenable } from '../../passport/maybe-promise.js';
import { clientKey } from '../../policy/client-key.js';
import type { Handshake } from '../../protocol/handshake.js';
import { Refusal, refusedBy } from '../../protocol/refusal.js';
import { parseRequestTarget } from '../../protocol/request-target.js';
import { terminateAfter } from './close-client.js';
import { contain } from '../contain.js';
import type { ExpectClient } from '../adapter-context.js';
import { announceClient } from './contained-web-socket.js';
import type { GatedWebSocket } from './gated-web-socket.js';
import { startHeartbeat } from './heartbeat.js';
import { Peer } from '../peer.js';
import { PendingUpgrade } from '../pending-upgrade.js';
import type { ReceiverLimits } from './internals/receiver-limits.js';
import { refuseUpgrade } from '../refuse.js';
import type { Route, SubprotocolChoice } from '../route.js';
import type { SessionContext } from '../session-context.js';
import { SessionGate } from './session-gate.js';
import { SessionOpener } from './session-opener.js';
import { WaitingRoom } from './waiting-room.js';
import { UpgradeAcceptor } from './upgrade-acceptor.js';
import { UpgradeRefuser } from './upgrade-refuser.js';

/** What a protected route is made of. */
export interface ProtectedRouteOptions {
  readonly server: WebSocketServer;
  readonly context: SessionContext;
  readonly budget: PendingBudget;
  /** Bounds that hold for sessions. */
  readonly limits: ReceiverLimits;
  readonly subprotocols: SubprotocolChoice;
  /** Called with each client before the gateways see it. */
  readonly expect: ExpectClient | undefined;
}

/** A path whose connections must be authenticated before the gateway sees them. */
export class ProtectedRoute implements Route {
  readonly #pending = new Set<PendingUpgrade>();
  readonly #clients: Set<GatedWebSocket>;
  readonly #opener: SessionOpener;
  readonly #refuser: UpgradeRefuser;
  readonly #acceptor: UpgradeAcceptor;
  readonly #waitingRoom: WaitingRoom;
  readonly #stopHeartbeat: () => void;
  #closing = false;

  constructor(private readonly options: ProtectedRouteOptions) {
    const { server, context } = options;
    this.#opener = new SessionOpener(context, server);
    this.#clients = this.#opener.clients;
    this.#refuser = new UpgradeRefuser(options, this.#clients);
    this.#acceptor = new UpgradeAcceptor(server, this.#refuser, context.policy.authTimeoutMs);
    this.#waitingRoom = new WaitingRoom(options, this.#opener, (client, upgrade) =>
      this.#announce(client, upgrade),
    );
    server.on('wsClientError', this.#onClientError);
    this.#stopHeartbeat = startHeartbeat(this.#clients, context.policy.heartbeatIntervalMs);
  }

  get server(): WebSocketServer {
    return this.options.server;
  }

  get isClosing(): boolean {
    return this.#closing;
  }

  upgrade(request: IncomingMessage, socket: Duplex, handshake: Handshake): void {
    const { context, budget } = this.options;
    const { policy, events } = context;
    const peer = new Peer(socket, request, handshake, policy.trust);
    const original = redactRequest(request, policy.redaction);
    const subject = { handshake, request, original, client: peer };
    const full = this.#closing
      ? refusedBy('closing', 'ERR_WS_AUTH_SHUTTING_DOWN')
      : budget.take(peer, () => context.authenticator.presents(subject));
    if (full) {
      context.reporter.refused(full, peer, 'handshake');
      refuseUpgrade(socket, full);
      return;
    }
    const upgrade = new PendingUpgrade(subject, peer, this.#forget);
    this.#pending.add(upgrade);
    if (events.has('authenticating')) {
      events.emit('authenticating', { path: peer.path, address: peer.address });
    }
    this.#decide(upgrade);
  }

  /** Refuses what is on its way, and ends the sessions. */
  close(): void {
    this.#closing = true;
    this.#stopHeartbeat();
    this.#refuser.close();
    for (const { attempt } of this.#pending) {
      contain('refusing an upgrade', () => {
        attempt.abort(refusedBy('closing', 'ERR_WS_AUTH_SHUTTING_DOWN'));
      });
    }
    for (const client of this.#clients) {
      contain('ending a session', () => this.#endSession(client));
    }
  }

  /** A client whose session has ended may still owe an answer to our close frame, and has longer for it than is left now. */
  #endSession(client: GatedWebSocket): void {
    const { wsAuthGate: gate } = client;
    if (gate instanceof SessionGate) {
      gate.life.end({ why: 'shutdown' });
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

  /** A strategy that has outlived its client keeps the slot until it ends. */
  readonly #forget = (ended: PendingUpgrade): void => {
    const { budget } = this.options;
    this.#pending.delete(ended);
    if (ended.isBusy) {
      ended.onIdle(budget.abandon(ended.peer));
    } else {
      budget.release(ended.peer);
    }
  };

  #decide(upgrade: PendingUpgrade): void {
    const { subject, attempt } = upgrade;
    const { authenticator } = this.options.context;
    const made = orFailed(() => authenticator.decide(subject, attempt));
    const decision = isThenable(made) ? made : this.#reconsider(made);
    if (!isThenable(decision)) {
      if (decision === 'defer') {
        this.#watch(upgrade);
      }
      this.#decided(decision, upgrade);
      return;
    }
    upgrade.identifyUnlessDecided();
    upgrade.begin();
    this.#watch(upgrade);
    const decided = (late: Decision) => {
      upgrade.finish();
      this.#decided(this.#reconsider(late), upgrade);
    };
    void decision.then(decided, (cause) => decided(failed(cause)));
  }

  /** An ambient credential that has been revoked, or has expired meanwhile, counts as none where a first message may follow. */
  #reconsider(decision: Decision): Decision {
    if (decision === 'defer' || decision instanceof Refusal || !decision.mayDefer) {
      return decision;
    }
    if (this.#opener.admission.refuse(decision)?.httpStatus !== 401) {
      return decision;
    }
    this.#abandon(decision);
    return 'defer';
  }

  /** The client has to wait, and may leave. It keeps its slot until it is answered. */
  #watch(upgrade: PendingUpgrade): void {
    upgrade.hold();
    upgrade.wait(this.options.context.policy.authTimeoutMs);
    upgrade.attempt.onAbort(() => this.#aborted(upgrade));
  }

  #aborted(upgrade: PendingUpgrade): void {
    if (!upgrade.decided) {
      this.#end(upgrade, upgrade.attempt.refusal);
      upgrade.letGo();
    }
  }

  /** Application code may throw on the way in, such as a listener of `headers`: that would end the process. */
  #decided(decision: Decision, upgrade: PendingUpgrade): void {
    const { attempt, waits } = upgrade;
    upgrade.decided = true;
    if (!attempt.running) {
      // The code that decided synchronously has closed the server as well: the client has no answer yet.
      if (!waits) {
        this.#end(upgrade, attempt.refusal);
      }
      return;
    }
    try {
      this.#carryOut(decision, upgrade);
    } catch (cause) {
      this.#fail(upgrade, cause);
    }
    if (waits) {
      upgrade.letGo();
    }
  }

  /** The 101 may be on its way, so that no HTTP response can follow. */
  #fail({ attempt, peer }: PendingUpgrade, cause: unknown): void {
    attempt.settle();
    peer.socket.destroy();
    this.options.context.reporter.refused(failed(cause), peer, 'handshake');
  }

  #carryOut(decision: Decision, upgrade: PendingUpgrade): void {
    const refusal = decision instanceof Refusal ? decision : this.#lastDoubts(decision, upgrade);
    if (decision instanceof Refusal || refusal) {
      this.#abandon(decision);
      this.#end(upgrade, refusal);
      upgrade.attempt.settle();
    } else if (decision === 'defer') {
      this.#acceptor.accept(upgrade, (client) => this.#waitingRoom.enter(client, upgrade));
    } else {
      this.#opener.releaseWith(upgrade.peer.socket, decision);
      this.#acceptor.acceptSession(upgrade, this.options.limits, (client) => {
        upgrade.attempt.settle();
        if (this.#opener.open(client, upgrade, decision)) {
          this.#announce(client, upgrade);
        }
      });
    }
  }

  /** What can still refuse an upgrade that is authenticated: no place for the user, no subprotocol. */
  #lastDoubts(decision: Authenticated | 'defer', { subject }: PendingUpgrade): Refusal | undefined {
    const unfit = decision === 'defer' ? undefined : this.#opener.admission.refuse(decision);
    return unfit ?? this.#chooseSubprotocol(subject);
  }

  #chooseSubprotocol({ handshake, request }: UpgradeSubject): Refusal | undefined {
    const { subprotocols, context } = this.options;
    try {
      subprotocols.choose(handshake, context.policy.redaction, request);
      return undefined;
    } catch (cause) {
      return failed(cause);
    }
  }

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

  #abandon(decision: Decision): void {
    if (decision !== 'defer' && !(decision instanceof Refusal)) {
      this.#opener.admission.release(decision);
    }
  }

  /**
   * Ends an upgrade. Without a refusal the client has left, and no client is left to answer. Deadlines come here from a timer, so
   * that nothing may be thrown.
   */
  #end(upgrade: PendingUpgrade, refusal: Refusal | undefined): void {
    try {
      if (refusal) {
        this.#refuser.refuse(upgrade, refusal);
      } else {
        upgrade.peer.socket.destroy();
      }
    } catch (cause) {
      this.#fail(upgrade, cause);
    }
  }
}
