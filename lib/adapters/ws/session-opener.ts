import type { Duplex } from 'node:stream';
import type { WebSocket, WebSocketServer } from 'ws';
import type { Authenticated } from '../../authentication/authenticated.js';
import { Admission, type Entrance } from '../admission.js';
import type { SessionContext } from '../session-context.js';
import type { GatedWebSocket } from './gate.js';
import { SessionGate } from './session-gate.js';

/** Turns the authenticated sockets of one route into sessions. */
export class SessionOpener {
  readonly admission: Admission;
  /** Sockets with a session: those of the server, or ours where its `clientTracking` is off. */
  readonly clients: Set<GatedWebSocket>;
  /** Whether the server itself forgets those that close. */
  readonly #tracked: boolean;

  constructor(
    private readonly context: SessionContext,
    { clients }: WebSocketServer,
    private readonly handOver: (socket: Duplex) => void,
  ) {
    this.admission = new Admission(context);
    this.#tracked = (clients as Set<WebSocket> | undefined) !== undefined;
    this.clients = this.#tracked ? (clients as Set<GatedWebSocket>) : new Set();
  }

  /** Begins a session, and returns whether it lives. */
  open(client: GatedWebSocket, entrance: Entrance, authenticated: Authenticated): boolean {
    const { peer, subject } = entrance;
    peer.remember(subject.request, subject.original.bareUrl);
    const gate = new SessionGate(client, this.context, peer, authenticated);
    client.wsAuthGate = gate;
    this.clients.add(client);
    this.handOver(peer.socket);
    if (!this.#tracked) {
      client.on('close', () => this.clients.delete(client));
    }
    return this.admission.begin(gate.life, entrance);
  }

  /** Releases the lease when the socket closes: `ws` may still refuse the upgrade, or the client may have left. */
  releaseWith(socket: Duplex, authenticated: Authenticated): void {
    if (this.context.leases) {
      socket.once('close', () => this.admission.release(authenticated));
    }
  }
}
