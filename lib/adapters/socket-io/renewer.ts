import { failed } from '../../authentication/strategy-refusal.js';
import { Refusal, refusedBy } from '../../protocol/refusal.js';
import type { SessionLifecycle } from '../session-lifecycle.js';
import type { SessionNotice } from '../connection.js';
import { contain } from '../contain.js';
import { ConnectError } from './endings.js';
import { membersOf } from './internals/socket-members.js';
import type { IoSocket } from './platform-types.js';
import { Line } from './line.js';
import { digestOf } from './payload-digest.js';
import { Renewals, type Renewed } from './renewals.js';
import type { SocketGate } from './socket-gate.js';

/**
 * Time in milliseconds in which the namespaces of a page renew with one token. Later, the strategies are asked again: they may refuse now
 * what they have accepted.
 */
const sharedMs = 10_000;

/** The clients of a connection. */
interface Clients {
  readonly clients: Iterable<object>;
  readonly gates: { readonly size: number };
}

/**
 * Renews the session of a connection: by `authenticate` events, and by CONNECT packets with another payload. The client of each
 * namespace may do so when it is warned, so they wait for each other.
 */
export class Renewer {
  readonly #line = new Line();
  readonly #renewals: Renewals;
  /** The client that has asked, if the answer is for it alone. */
  #asking: SocketGate | undefined;
  /** Of the payload that has renewed the session last, at an instant in monotonic milliseconds. */
  #last = { digest: '', at: 0 };

  constructor(
    private readonly connection: Clients,
    private readonly life: SessionLifecycle,
  ) {
    this.#renewals = new Renewals(life);
  }

  /** Who receives a notice. */
  recipients(notice: SessionNotice): Iterable<object> {
    return notice === 'authenticated' && this.#asking
      ? [this.#asking.socket]
      : this.connection.clients;
  }

  /** Handles an `authenticate` event. A refusal ends the session. */
  authenticate(gate: SocketGate, payload: unknown, id: number | undefined): void {
    if (this.#line.length > this.connection.gates.size) {
      this.life.refuse(refusedBy('renewal-running', 'ERR_WS_AUTH_BUSY'));
      return;
    }
    const acknowledge = id === undefined ? undefined : membersOf(gate.socket).ack(id);
    this.#line
      .add(async () => {
        const renewed = await this.#attempt(gate, payload);
        if (renewed instanceof Refusal) {
          acknowledge?.(new ConnectError(renewed, this.life.context.policy).data);
          this.life.refuse(renewed);
        } else if (renewed && this.life.isOpen) {
          acknowledge?.({ expiresAt: renewed.expiresAt ?? null });
        }
      })
      .catch((cause: unknown) => this.life.refuse(failed(cause)));
  }

  /** Handles the payload of a CONNECT packet, and returns why it is refused. The session goes on in any case. */
  renew(payload: unknown): Promise<Refusal | undefined> {
    return this.#line.add(async () => {
      const renewed = await this.#attempt(undefined, payload);
      return renewed instanceof Refusal ? renewed : undefined;
    });
  }

  stop(): void {
    this.#renewals.stop();
  }

  /** Several namespaces of a page renew with one token: it is judged once. */
  async #attempt(gate: SocketGate | undefined, payload: unknown): Promise<Renewed> {
    if (!this.life.isOpen) {
      return undefined;
    }
    const digest = digestOf(payload);
    this.#asking = gate;
    const { digest: last, at } = this.#last;
    if (digest === last && performance.now() - at < sharedMs) {
      this.#answer(gate?.socket);
      return this.life.session;
    }
    const renewed = await this.#renewals.attempt(payload);
    this.#asking = undefined;
    if (renewed && !(renewed instanceof Refusal)) {
      this.#last = { digest, at: performance.now() };
    }
    return renewed;
  }

  #answer(socket: IoSocket | undefined): void {
    this.#asking = undefined;
    const { session, context } = this.life;
    const { expiresAt = null } = session;
    contain('a listener of outgoing events', () => {
      socket?.emit(context.policy.events.authenticated, { expiresAt });
    });
  }
}
