import type { Duplex } from 'node:stream';
import type { WebSocket, WebSocketServer } from 'ws';
import type { Authenticated } from '../authentication/authenticated.js';
import { runAll } from '../errors/run-all.js';
import type { Subject } from '../authentication/authenticator.js';
import { phaseOf, rememberJudgement } from '../authentication/judgement.js';
import { Refusal } from '../protocol/refusal.js';
import type { GatedWebSocket } from './ws/gated-web-socket.js';
import type { Peer } from './peer.js';
import { SessionGate, type SessionContext } from './ws/session-gate.js';

/** How a client came in. */
export interface Entrance {
  readonly peer: Peer;
  readonly subject: Subject;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
}

/** Turns authenticated connections of one route into sessions. */
export class SessionOpener {
  /** Sockets with a session: those of the server, or ours where its `clientTracking` is off. */
  readonly clients: Set<GatedWebSocket>;
  /** Whether the server itself forgets those that close. */
  readonly #tracked: boolean;

  constructor(
    private readonly context: SessionContext,
    { clients }: WebSocketServer,
  ) {
    this.#tracked = (clients as Set<WebSocket> | undefined) !== undefined;
    this.clients = this.#tracked ? (clients as Set<GatedWebSocket>) : new Set();
  }

  /** Refuses a session that has ended meanwhile or is revoked, and one too many, unless the oldest makes room. */
  refuseEntry(authenticated: Authenticated): Refusal | undefined {
    const refusal = this.#doubt(authenticated);
    if (refusal && this.context.telemetry) {
      rememberJudgement(refusal, authenticated.session);
    }
    return refusal;
  }

  #doubt(authenticated: Authenticated): Refusal | undefined {
    const { session, proof } = authenticated;
    const { userId, expiresAt } = session;
    const { sessions, policy, authenticator, leases } = this.context;
    if (expiresAt !== undefined && expiresAt <= Date.now()) {
      return authenticator.refuse(new Refusal('ERR_WS_AUTH_CREDENTIAL_REJECTED'), proof);
    }
    if (sessions.isRevoked(authenticated)) {
      return authenticator.refuse(new Refusal('ERR_WS_AUTH_REVOKED'), proof);
    }
    if (leases?.hasLost(session, policy)) {
      return new Refusal('ERR_WS_AUTH_TOO_MANY_SESSIONS');
    }
    if (userId === undefined || !this.#countsHere) {
      return undefined;
    }
    const full = sessions.countOf(userId) >= policy.maxSessionsPerUser;
    return full && policy.onLimit === 'refuse'
      ? new Refusal('ERR_WS_AUTH_TOO_MANY_SESSIONS')
      : undefined;
  }

  /** Gives back what a connection took that does not begin after all. */
  abandon({ session }: Authenticated): void {
    this.context.leases?.release(session);
  }

  /** The same when the socket closes: `ws` may still refuse the upgrade, or find that the client has left. */
  abandonWith(socket: Duplex, authenticated: Authenticated): void {
    if (this.context.leases) {
      socket.once('close', () => this.abandon(authenticated));
    }
  }

  /** Whether the sessions of a user are counted, and in this process alone. */
  get #countsHere(): boolean {
    const { policy, leases } = this.context;
    return !leases && policy.maxSessionsPerUser !== Number.POSITIVE_INFINITY;
  }

  /** Makes room for the newest session of a user, once it is there. */
  #makeRoom(newest: SessionGate): void {
    const { sessions, policy, leases } = this.context;
    const { userId } = newest.session;
    leases?.makeRoom(newest.session, policy).catch(() => newest.end({ why: 'storeLost' }));
    if (userId === undefined || !this.#countsHere) {
      return;
    }
    const excess = sessions.countOf(userId) - policy.maxSessionsPerUser;
    if (excess > 0) {
      const oldest = sessions.liveOf(userId).slice(0, excess);
      runAll(oldest.map((each) => () => each.end({ why: 'replaced' })));
    }
  }

  /** Begins a session, and returns whether it lives. */
  open(client: GatedWebSocket, entrance: Entrance, authenticated: Authenticated): boolean {
    const { peer, subject } = entrance;
    peer.remember(subject.request, subject.original.bareUrl);
    const gate = new SessionGate(client, this.context, peer, authenticated);
    this.clients.add(client);
    if (!this.#tracked) {
      client.on('close', () => this.clients.delete(client));
    }
    if (gate.open()) {
      this.#makeRoom(gate);
      this.#announce(entrance, authenticated);
    }
    // A listener may have ended it.
    return gate.sends;
  }

  #announce({ peer, startedAt }: Entrance, { session }: Authenticated): void {
    const { events, telemetry, policy } = this.context;
    if (telemetry) {
      const { strategy, anonymous } = session;
      const phase = phaseOf(session.extractor, policy);
      const extractor = anonymous ? undefined : session.extractor;
      telemetry.attempted({ phase, outcome: 'accepted', extractor, strategy });
    }
    if (events.has('authenticated')) {
      const { id: sessionId, userId, strategy, extractor } = session;
      const { path, address } = peer;
      const durationMs = performance.now() - startedAt;
      events.emit('authenticated', {
        path,
        address,
        durationMs,
        sessionId,
        userId,
        strategy,
        extractor,
      });
    }
  }
}
