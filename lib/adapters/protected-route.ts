import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket, WebSocketServer } from 'ws';
import { Attempt } from '../authentication/attempt.js';
import { Authenticator, type Decision, type Subject } from '../authentication/authenticator.js';
import { redactRequest } from '../credentials/redaction.js';
import type { Strategies } from '../passport/strategies.js';
import type { Policy } from '../policy/policy.js';
import type { Handshake } from '../protocol/handshake.js';
import { eventMessage } from '../protocol/message.js';
import { Refusal } from '../protocol/refusal.js';
import { setSession } from '../sessions/client-session.js';
import type { WsAuthSession } from '../sessions/session.js';
import { closeGraceMs, terminateAfter } from './close-client.js';
import { openGate, type GatedWebSocket } from './gated-web-socket.js';
import { PendingGate } from './pending-gate.js';
import { setReceiverLimits, type ReceiverLimits } from './receiver-limits.js';
import { refuseUpgrade } from './refuse.js';
import type { Route, SubprotocolChoice } from './route.js';

/** What a protected route is made of. */
export interface ProtectedRouteOptions {
  readonly server: WebSocketServer;
  readonly policy: Policy;
  readonly strategies: Strategies;
  /** Bounds that hold for sessions. */
  readonly limits: ReceiverLimits;
  readonly subprotocols: SubprotocolChoice;
}

/** An upgrade that is being decided. */
interface Upgrade {
  readonly subject: Subject;
  readonly socket: Duplex;
  readonly attempt: Attempt;
}

const noEarlyBytes = Buffer.alloc(0);

/** A path whose connections must be authenticated before the gateway hears of them. */
export class ProtectedRoute implements Route {
  readonly #attempts = new Set<Attempt>();
  readonly #authenticator: Authenticator;
  #closing = false;

  constructor(private readonly options: ProtectedRouteOptions) {
    this.#authenticator = new Authenticator(options.policy, options.strategies);
  }

  get server(): WebSocketServer {
    return this.options.server;
  }

  upgrade(request: IncomingMessage, socket: Duplex, handshake: Handshake): void {
    if (this.#closing) {
      refuseUpgrade(socket, new Refusal('ERR_WS_AUTH_SHUTTING_DOWN'));
      return;
    }
    const { policy } = this.options;
    const attempt = new Attempt(policy.authTimeoutMs, (ended) => this.#attempts.delete(ended));
    this.#attempts.add(attempt);
    const original = redactRequest(request, policy.redaction);
    void this.#decide({ subject: { handshake, request, original }, socket, attempt });
  }

  /** Refuses what is on its way; sessions are closed by their server. */
  close(): void {
    this.#closing = true;
    for (const attempt of this.#attempts) {
      attempt.abort(new Refusal('ERR_WS_AUTH_SHUTTING_DOWN'));
    }
  }

  async #decide(upgrade: Upgrade): Promise<void> {
    const { subject, socket, attempt } = upgrade;
    let decided = false;
    const leave = () => attempt.abort();
    socket.on('end', leave);
    socket.on('close', leave);
    attempt.onAbort(() => {
      if (!decided) {
        endUpgrade(socket, attempt.refusal);
      }
    });
    const decision = await this.#authenticator.decide(subject, attempt).catch(failed);
    decided = true;
    socket.off('end', leave);
    socket.off('close', leave);
    if (attempt.running) {
      this.#carryOut(decision, upgrade);
    }
  }

  #carryOut(decision: Decision, upgrade: Upgrade): void {
    const { subject, socket, attempt } = upgrade;
    const refusal = decision instanceof Refusal ? decision : this.#chooseSubprotocol(subject);
    if (decision instanceof Refusal || refusal) {
      attempt.settle();
      endUpgrade(socket, refusal);
      return;
    }
    if (decision === 'defer') {
      socket.once('close', () => attempt.abort());
    } else {
      attempt.settle();
    }
    this.server.handleUpgrade(subject.request, socket, noEarlyBytes, (client) => {
      if (decision === 'defer') {
        this.#wait(client as GatedWebSocket, upgrade);
      } else {
        this.#open(client as GatedWebSocket, subject.request, decision);
      }
    });
  }

  #chooseSubprotocol({ handshake, request }: Subject): Refusal | undefined {
    const { subprotocolPrefixes } = this.options.policy.redaction;
    const offered = handshake.subprotocols.filter(
      (entry) => !subprotocolPrefixes.some((prefix) => entry.startsWith(prefix)),
    );
    try {
      this.options.subprotocols.choose(offered, request);
      return undefined;
    } catch (cause) {
      return failed(cause);
    }
  }

  /** Accepts a client without a credential: nobody sees it, and it is in no broadcast. */
  #wait(client: GatedWebSocket, { subject, attempt }: Upgrade): void {
    const { policy } = this.options;
    const gate = new PendingGate({
      policy,
      authenticator: this.#authenticator,
      subject,
      attempt,
      open: (session) => this.#admit(client, subject.request, session),
    });
    client.gate = gate;
    setReceiverLimits(client, gate.limits);
    this.server.clients?.delete(client);
    client.on('error', cutOff);
    attempt.onAbort(() => gate.abort(client));
  }

  #admit(client: GatedWebSocket, request: IncomingMessage, session: WsAuthSession): void {
    const { firstMessage, events } = this.options.policy;
    client.off('error', cutOff);
    client.gate = openGate;
    this.server.clients?.add(client);
    setReceiverLimits(client, this.options.limits);
    if (firstMessage?.format === 'event') {
      client.send(eventMessage(events.authenticated, { expiresAt: session.expiresAt ?? null }));
    }
    this.#open(client, request, session);
  }

  #open(client: GatedWebSocket, request: IncomingMessage, session: WsAuthSession): void {
    setSession(client, session);
    Object.defineProperty(client, this.options.policy.property, {
      value: session.user,
      writable: true,
      enumerable: true,
      configurable: true,
    });
    this.server.emit('connection', client, request);
  }
}

/** Whatever goes wrong while deciding is a no. */
function failed(cause: unknown): Refusal {
  return new Refusal('ERR_WS_AUTH_STRATEGY_FAILED', { cause });
}

/** Without a refusal the client has left, and nobody is told. */
function endUpgrade(socket: Duplex, refusal: Refusal | undefined): void {
  if (refusal) {
    refuseUpgrade(socket, refusal);
  } else {
    socket.destroy();
  }
}

/** `ws` sends the close frame to a peer that breaks the protocol; before authentication there is nobody to tell. */
function cutOff(this: WebSocket): void {
  terminateAfter(this, closeGraceMs.pending);
}
