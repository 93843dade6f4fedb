import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket, WebSocketServer } from 'ws';
import type { Authenticated } from '../authentication/authenticated.js';
import type { Decision, UpgradeSubject } from '../authentication/authenticator.js';
import type { PendingBudget } from '../authentication/pending-budget.js';
import { failed, orFailed } from '../authentication/strategy-refusal.js';
import { redactRequest } from '../credentials/redaction.js';
import { andThen, isThenable } from '../passport/maybe-promise.js';
import { clientKey } from '../policy/client-key.js';
import type { Handshake } from '../protocol/handshake.js';
import { sessionMessage } from '../protocol/message.js';
import { Refusal } from '../protocol/refusal.js';
import { parseRequestTarget } from '../protocol/request-target.js';
import { closeGraceMs, refuseClient, terminateAfter } from './close-client.js';
import { endQuickly } from './end-quickly.js';
import type { GatedWebSocket } from './gated-web-socket.js';
import { startHeartbeat } from './heartbeat.js';
import { Peer } from './peer.js';
import { PendingGate } from './pending-gate.js';
import { PendingUpgrade } from './pending-upgrade.js';
import { limitsWithoutSession, setReceiverLimits, type ReceiverLimits } from './receiver-limits.js';
import { refuseUpgrade } from './refuse.js';
import type { Route, SubprotocolChoice } from './route.js';
import { SessionGate, type SessionContext } from './session-gate.js';
import { SessionOpener } from './session-opener.js';
import { UpgradeRefuser } from './upgrade-refuser.js';
import { writeAtOnce } from './write-at-once.js';

/** What a protected route is made of. */
export interface ProtectedRouteOptions {
  readonly server: WebSocketServer;
  readonly context: SessionContext;
  readonly budget: PendingBudget;
  /** Bounds that hold for sessions. */
  readonly limits: ReceiverLimits;
  readonly subprotocols: SubprotocolChoice;
}

const noEarlyBytes = Buffer.alloc(0);

/** A path whose connections must be authenticated before the gateway hears of them. */
export class ProtectedRoute implements Route {
  readonly #pending = new Set<PendingUpgrade>();
  readonly #clients: Set<GatedWebSocket>;
  readonly #opener: SessionOpener;
  readonly #refuser: UpgradeRefuser;
  readonly #stopHeartbeat: () => void;
  #closing = false;

  constructor(private readonly options: ProtectedRouteOptions) {
    const { server, context } = options;
    this.#opener = new SessionOpener(context, server);
    this.#clients = this.#opener.clients;
    this.#refuser = new UpgradeRefuser(options, this.#clients);
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
    const full = this.#closing ? new Refusal('ERR_WS_AUTH_SHUTTING_DOWN') : budget.take(peer);
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
      attempt.abort(new Refusal('ERR_WS_AUTH_SHUTTING_DOWN'));
    }
    for (const client of this.#clients) {
      if (client.wsAuthGate instanceof SessionGate) {
        client.wsAuthGate.end({ why: 'shutdown' });
      }
    }
  }

  /** What `ws` itself refuses after authentication, such as a bad extension, is refused as everything else is. */
  readonly #onClientError = (_error: Error, socket: Duplex, request: IncomingMessage): void => {
    const { reporter, policy } = this.options.context;
    const refusal = new Refusal('ERR_WS_AUTH_MALFORMED_HANDSHAKE');
    const path = parseRequestTarget(request.url ?? '')?.path ?? '';
    const address = clientKey(request, policy.trust);
    reporter.refused(refusal, { path, address }, 'handshake');
    refuseUpgrade(socket, refusal);
  };

  readonly #forget = (ended: PendingUpgrade): void => {
    this.#pending.delete(ended);
    this.options.budget.release(ended.peer);
  };

  #decide(upgrade: PendingUpgrade): void {
    const { subject, attempt } = upgrade;
    const { authenticator, policy } = this.options.context;
    const decision = orFailed(() => authenticator.decide(subject, attempt));
    if (isThenable(decision) || decision === 'defer') {
      upgrade.wait(policy.authTimeoutMs);
      attempt.onAbort(() => this.#aborted(upgrade));
    }
    const decided = (made: Decision) => this.#decided(made, upgrade);
    void andThen(decision, decided, (cause) => decided(failed(cause)));
  }

  #aborted(upgrade: PendingUpgrade): void {
    if (!upgrade.decided) {
      this.#end(upgrade, upgrade.attempt.refusal);
    }
  }

  /** Code of the application may throw on the way in; an exception here would end the process. */
  #decided(decision: Decision, upgrade: PendingUpgrade): void {
    const { attempt } = upgrade;
    upgrade.decided = true;
    if (!attempt.running) {
      // Whoever decided at once has closed the server as well, and nobody has answered the client yet.
      if (!upgrade.waits) {
        this.#end(upgrade, attempt.refusal);
      }
      return;
    }
    try {
      this.#carryOut(decision, upgrade);
    } catch {
      upgrade.attempt.settle();
      upgrade.peer.socket.destroy();
    }
  }

  #carryOut(decision: Decision, upgrade: PendingUpgrade): void {
    const refusal = decision instanceof Refusal ? decision : this.#lastDoubts(decision, upgrade);
    if (decision instanceof Refusal || refusal) {
      upgrade.attempt.settle();
      this.#abandon(decision);
      this.#end(upgrade, refusal);
    } else if (decision === 'defer') {
      this.#accept(upgrade, (client) => this.#wait(client, upgrade));
    } else {
      upgrade.attempt.settle();
      this.#opener.abandonWith(upgrade.peer.socket, decision);
      this.#accept(upgrade, (client) => {
        if (this.#opener.open(client, upgrade, decision)) {
          this.#announce(client, upgrade);
        }
      });
    }
  }

  /** What can still refuse an upgrade that is authenticated: no place for the user, no subprotocol. */
  #lastDoubts(decision: Authenticated | 'defer', { subject }: PendingUpgrade): Refusal | undefined {
    const unfit = decision === 'defer' ? undefined : this.#opener.refuseEntry(decision);
    return unfit ?? this.#chooseSubprotocol(subject);
  }

  #accept({ subject, peer }: PendingUpgrade, onClient: (client: GatedWebSocket) => void): void {
    const { socket } = peer;
    this.server.handleUpgrade(subject.request, socket, noEarlyBytes, (client) => {
      client.on('error', cutOff);
      endQuickly(client, socket);
      writeAtOnce(client);
      onClient(client as GatedWebSocket);
    });
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

  /** Accepts a client without a credential: nobody sees it, and it is in no broadcast. */
  #wait(client: GatedWebSocket, upgrade: PendingUpgrade): void {
    const { subject, attempt } = upgrade;
    const { policy, authenticator } = this.options.context;
    // Whoever leaves with its first message is counted and named all the same.
    upgrade.peer.identify();
    // From here on the end of the client counts, which comes after the last of its messages.
    upgrade.unwatch();
    const gate = new PendingGate({
      policy,
      authenticator,
      subject,
      attempt,
      open: (authenticated) => this.#admit(client, upgrade, authenticated),
      refuse: (refused, refusal) => this.#refuse(refused, upgrade, refusal),
    });
    attempt.late = 'ERR_WS_AUTH_TIMEOUT';
    client.wsAuthGate = gate;
    setReceiverLimits(client, limitsWithoutSession(policy.limits));
    this.#clients.delete(client);
    attempt.onAbort(() => gate.abort(client));
  }

  /** Lets a client in whose first message has authenticated it. */
  #admit(client: GatedWebSocket, upgrade: PendingUpgrade, authenticated: Authenticated): void {
    const { firstMessage, events } = this.options.context.policy;
    const unfit = this.#opener.refuseEntry(authenticated);
    if (unfit) {
      this.#abandon(authenticated);
      this.#refuse(client, upgrade, unfit);
      return;
    }
    setReceiverLimits(client, this.options.limits);
    if (!this.#opener.open(client, upgrade, authenticated)) {
      return;
    }
    if (firstMessage?.format === 'event') {
      const { expiresAt = null } = authenticated.session;
      client.send(sessionMessage(events.authenticated, { expiresAt }));
    }
    this.#announce(client, upgrade);
  }

  /** Tells the gateways, in the context that the strategy has set up. */
  #announce(client: GatedWebSocket, { subject }: PendingUpgrade): void {
    const tell = () => this.server.emit('connection', client, subject.request);
    if (client.wsAuthContext) {
      client.wsAuthContext.runInAsyncScope(tell);
    } else {
      tell();
    }
  }

  #abandon(decision: Decision): void {
    if (decision !== 'defer' && !(decision instanceof Refusal)) {
      this.#opener.abandon(decision);
    }
  }

  #refuse(client: GatedWebSocket, { peer }: PendingUpgrade, refusal: Refusal): void {
    const { reporter, policy } = this.options.context;
    reporter.refused(refusal, peer, 'message');
    refuseClient(client, refusal, policy);
  }

  /** Ends an upgrade. Without a refusal the client has left, and nobody is told. */
  #end({ subject, peer }: PendingUpgrade, refusal: Refusal | undefined): void {
    if (refusal) {
      this.#refuser.refuse({ subject, peer, refusal });
    } else {
      peer.socket.destroy();
    }
  }
}

/** `ws` sends the close frame to a peer that breaks the protocol; here it is seen to that the peer goes. */
function cutOff(this: WebSocket): void {
  const { wsAuthGate } = this as GatedWebSocket;
  const phase = wsAuthGate instanceof PendingGate ? 'pending' : 'session';
  terminateAfter(this, closeGraceMs[phase]);
}
