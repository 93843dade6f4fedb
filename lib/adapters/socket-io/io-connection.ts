import type { AsyncResource } from 'node:async_hooks';
import type { Refusal } from '../../protocol/refusal.js';
import type { Ending } from '../../sessions/live-session.js';
import { closeGraceMs } from '../close-grace.js';
import { contain } from '../contain.js';
import type { Connection, NoticeData, SessionNotice } from '../connection.js';
import type { SessionContext } from '../session-context.js';
import { SessionLifecycle } from '../session-lifecycle.js';
import { closeInTurn, scheduleInSlices } from '../slices.js';
import {
  closeCodeOf,
  farewellOf,
  farewellOfRefusal,
  type ConnectError,
  type Farewell,
} from './endings.js';
import { ClientGates } from './client-gates.js';
import { ConnectionEnd } from './connection-end.js';
import type { Entrance } from './entrance.js';
import type { IoConnectionContext, Phase } from './connection-context.js';
import type { EngineConnection } from './internals/engine.js';
import { gateConnection } from './internals/gate-connection.js';
import { boundPayloads } from './internals/payload-limits.js';
import type { Packet } from './internals/socket-members.js';
import { maxPayloadWithoutSession, PacketGate, type PacketOwner } from './packet-gate.js';
import type { IoSocket } from './platform-types.js';
import { Renewer } from './renewer.js';
import type { ClientEnd, SocketGate, SocketOwner } from './socket-gate.js';
import { endSocketsOf } from './upgrade-socket.js';

/**
 * One connection of engine.io: the gate that all of its namespaces pass, and the wire of its session. It has one session at most,
 * whatever the number of its namespaces.
 */
export class IoConnection implements Connection, PacketOwner, SocketOwner {
  readonly gates = new ClientGates();
  context: AsyncResource | undefined;
  #phase: Phase = 'entering';
  #life: SessionLifecycle | undefined;
  #renewer: Renewer | undefined;
  #farewell: Farewell | undefined;
  readonly #end: ConnectionEnd;
  #onClosed: ((code: number) => void) | undefined;
  readonly #setMaxPayload: (bytes: number) => void;

  /** @param forget called when the connection has closed, whatever listeners of the application do then */
  constructor(
    readonly conn: EngineConnection,
    readonly server: IoConnectionContext,
    readonly entrance: Entrance,
    private readonly forget: () => void,
  ) {
    const { policy } = server.context;
    this.#end = new ConnectionEnd(conn);
    this.#setMaxPayload = boundPayloads(conn, maxPayloadWithoutSession(policy));
    gateConnection(conn, new PacketGate(conn, this));
  }

  get phase(): Phase {
    return this.#phase;
  }

  get life(): SessionLifecycle | undefined {
    return this.#life;
  }

  get speaks(): boolean {
    return this.#end.speaks;
  }

  get #policy(): SessionContext['policy'] {
    return this.server.context.policy;
  }

  get isOpen(): boolean {
    return this.#phase === 'guest' || (this.#phase === 'session' && this.#life!.isOpen);
  }

  get recipients(): Iterable<object> {
    return this.clients;
  }

  get clients(): Iterable<object> {
    return [...this.gates].filter(({ isPublic }) => !isPublic).map(({ socket }) => socket);
  }

  /** The connection has closed. Socket.IO disconnects its namespaces after this. */
  closing(reason: unknown): void {
    this.forget();
    this.#end.spare();
    for (const gate of this.gates) {
      gate.restore();
    }
    this.#phase = 'ended';
    this.#renewer?.stop();
    this.entrance.leave();
    endSocketsOf(this.conn, closeGraceMs.pending, () => this.entrance.letGo());
    const code = this.#farewell?.code ?? closeCodeOf(reason);
    this.#life?.closed(code);
    this.#onClosed?.(code);
  }

  /** A connection that joins a public namespace needs no session. It waits for nothing, and has the bounds of the server. */
  becomeGuest(): void {
    if (this.#phase === 'entering' || this.#phase === 'refused') {
      this.#phase = 'guest';
      this.#setMaxPayload(this.server.maxPayload);
      // What judges the client for another namespace keeps its deadline and the slot.
      if (!this.entrance.isBusy && !this.entrance.accepted) {
        this.entrance.rest();
      }
    }
  }

  /** The connection is refused, and is closed unless the client leaves by itself. A guest stays. */
  becomeRefused(): void {
    this.entrance.settle();
    if (this.#phase === 'guest') {
      this.entrance.rest();
      return;
    }
    this.#phase = 'refused';
    const { budget } = this.server.context;
    if (!this.entrance.isBusy) {
      budget.mayEvict(this.entrance.peer, () => this.terminate());
    }
    this.#end.within(closeGraceMs.pending);
  }

  /** Closes a connection that has joined no namespace and asked for none. */
  refuseSilent(error: ConnectError): void {
    this.#end.refuse(this.server.sendsText ? error : undefined);
  }

  /** Begins the session with the first client, and returns whether it lives. */
  begin(gate: SocketGate): boolean {
    const { entrance } = this;
    const { upgrade, accepted, peer } = entrance;
    const { subject, startedAt } = upgrade;
    const namespace = gate.socket.nsp.name;
    peer.remember(subject.request, subject.original.bareUrl);
    this.#life = new SessionLifecycle(this, this.server.context, peer, accepted!);
    this.#renewer = new Renewer(this, this.#life);
    this.#phase = 'session';
    this.#end.spare();
    this.gates.add(gate);
    this.#setMaxPayload(this.server.maxPayload);
    entrance.complete();
    return entrance.admission.begin(this.#life, { peer, subject, startedAt, namespace });
  }

  /** Adds a client in one more namespace. */
  join(gate: SocketGate): void {
    this.#end.spare();
    this.gates.add(gate);
    if (!gate.isPublic) {
      this.#life?.attach(gate.socket);
    }
  }

  /** The session ends with its only client. Clients of other namespaces, which have not failed, keep it. */
  endClient(gate: SocketGate, { code, reason }: ClientEnd): void {
    const { closeCodes, events } = this.#policy;
    if (!gate.isPublic && this.gates.size === 1) {
      this.#life!.end({ why: 'failed', code, reason });
      return;
    }
    gate.dismiss(events.ended, { code: closeCodes.get(code) ?? code, reason });
  }

  held(change: 1 | -1): void {
    this.gates.held(change);
  }

  left(gate: SocketGate): void {
    this.gates.delete(gate);
    // A raw client could keep a connection without a namespace for ever.
    if (this.gates.size === 0 && this.#phase !== 'ended') {
      this.#end.within(this.#policy.authTimeoutMs);
    }
  }

  takes(gate: SocketGate, event: readonly unknown[], packet: Packet): boolean {
    if (gate.isPublic || event[0] !== this.#policy.events.authenticate) {
      return false;
    }
    this.#renewer!.authenticate(gate, event[1], packet.id);
    return true;
  }

  /** Renews the session by the payload of another CONNECT packet. */
  renew(payload: unknown): Promise<Refusal | undefined> {
    return this.#renewer!.renew(payload);
  }

  send(notice: SessionNotice, data: NoticeData): void {
    const sockets = this.#renewer?.recipients(notice) ?? this.clients;
    for (const socket of sockets as Iterable<IoSocket>) {
      contain('a listener of outgoing events', () => {
        socket.emit(this.#policy.events[notice], data);
      });
    }
  }

  end(ending: Ending): void {
    const farewell = farewellOf(ending, this.#policy);
    this.#stop(farewell);
    closeInTurn(ending, () => this.#leave(farewell));
  }

  refuse(refusal: Refusal): void {
    const farewell = farewellOfRefusal(refusal, this.#policy);
    this.#stop(farewell);
    scheduleInSlices(() => this.#leave(farewell));
  }

  onClosed(callback: (code: number) => void): void {
    this.#onClosed = callback;
  }

  /** Ends a connection whose client sends too much while guards and hooks run. */
  overflow(): void {
    this.#life?.end({ why: 'failed' });
    this.terminate();
  }

  terminate(): void {
    this.#end.now();
  }

  /** Ends a connection that breaks the rules before it has authenticated. */
  violate(refusal: Refusal): void {
    this.entrance.attempt.abort(refusal);
    this.terminate();
  }

  #stop(farewell: Farewell): void {
    this.#phase = 'ended';
    this.#farewell = farewell;
    this.#renewer?.stop();
    for (const gate of this.gates) {
      gate.silence();
    }
  }

  #leave(farewell: Farewell): void {
    this.#end.leave(farewell, this.gates, this.#policy.events.ended);
  }
}
