import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Authenticated } from '../authentication/authenticated.js';
import { parseRequest } from '../protocol/handshake.js';
import { Refusal } from '../protocol/refusal.js';
import { Admission } from './admission.js';
import type { Connection } from './connection.js';
import { FirstMessageJudge } from './first-message-judge.js';
import type { Inbox } from './inbox.js';
import { LiveConnections } from './live-connections.js';
import type { PendingUpgrade } from './pending-upgrade.js';
import type { SessionContext } from './session-context.js';
import { SessionLifecycle } from './session-lifecycle.js';
import { UpgradeDecider, type UpgradeOutcomes } from './upgrade-decider.js';

/** A connection of a {@link MessageServer}. */
export interface MessageConnection extends Connection {
  readonly inbox: Inbox;
  readonly life: SessionLifecycle;
  /** Informs the client that its connection is open: it has a session, or is expected to send its first message. */
  accepted(): void;
}

/**
 * Takes the clients of one server whose messages are in Nest's form, from the request that opens a connection to the end of the session.
 * It knows no transport: what it leaves to one is its {@link MessageConnection}.
 */
export class MessageServer<Client extends MessageConnection> implements UpgradeOutcomes {
  /** Those that have a session. */
  readonly clients = new LiveConnections<Client>();
  readonly #admission: Admission;
  readonly #decider: UpgradeDecider;
  readonly #judge: FirstMessageJudge;
  readonly #bySocket = new WeakMap<Duplex, Client>();

  /** @param announce hands a client with a session to the gateways */
  constructor(
    private readonly context: SessionContext,
    private readonly announce: (client: Client, request: IncomingMessage) => void,
  ) {
    this.#admission = new Admission(context);
    this.#decider = new UpgradeDecider(context, this.#admission, this);
    this.#judge = new FirstMessageJudge(context, this.#admission);
  }

  /**
   * Takes a client.
   *
   * @param request opens the connection; its headers may hold the credential
   * @param socket stands for the connection where its address and its end are asked for
   */
  take(client: Client, request: IncomingMessage, socket: Duplex): void {
    this.#bySocket.set(socket, client);
    const handshake = parseRequest(request);
    const isBad = handshake instanceof Refusal;
    const refusal = isBad ? handshake : this.#decider.decide(request, socket, handshake);
    if (refusal) {
      client.refuse(refusal);
    }
  }

  /** Refuses the clients that are on their way, and ends the sessions. */
  close(): void {
    this.#decider.close();
    this.clients.close();
  }

  veto(): undefined {}

  refuse(upgrade: PendingUpgrade, refusal: Refusal): void {
    upgrade.attempt.settle();
    this.context.reporter.refused(refusal, upgrade.peer, 'handshake');
    this.#clientOf(upgrade).refuse(refusal);
  }

  defer(upgrade: PendingUpgrade): void {
    const { attempt, peer } = upgrade;
    const client = this.#clientOf(upgrade);
    this.#judge.expect(upgrade, () => peer.socket.destroy());
    attempt.onAbort(() => attempt.refusal && this.refuse(upgrade, attempt.refusal));
    client.inbox.awaitFirst(upgrade, this.#judge, (result) => {
      if (result instanceof Refusal) {
        this.refuse(upgrade, result);
      } else {
        this.accept(upgrade, result);
      }
    });
    client.accepted();
  }

  accept(upgrade: PendingUpgrade, authenticated: Authenticated): void {
    const { subject, peer, attempt } = upgrade;
    const client = this.#clientOf(upgrade);
    attempt.settle();
    peer.remember(subject.request, subject.original.bareUrl);
    const life = new SessionLifecycle(client, this.context, peer, authenticated);
    client.inbox.begin(life);
    this.clients.add(client, peer.socket);
    peer.socket.once('close', () => life.closed(1_006));
    if (this.#admission.begin(life, upgrade)) {
      client.accepted();
      life.within(() => this.announce(client, subject.request));
    }
  }

  #clientOf({ peer }: PendingUpgrade): Client {
    return this.#bySocket.get(peer.socket)!;
  }
}
