import type { AsyncResource } from 'node:async_hooks';
import { refusedBy, type Refusal } from '../../protocol/refusal.js';
import { Backlog } from './backlog.js';
import type { ClientGates } from './client-gates.js';
import type { EngineConnection } from './internals/engine.js';
import type { ConnectionGate } from './internals/gate-connection.js';
import { waitingMessageBytes } from '../waiting-message-bytes.js';
import type { SessionContext } from '../session-context.js';
import type { IoConnectionContext, Phase } from './connection-context.js';

/** The connection whose packets pass. */
export interface PacketOwner {
  readonly server: IoConnectionContext;
  readonly gates: Pick<ClientGates, 'someHold'>;
  readonly context: AsyncResource | undefined;
  readonly phase: Phase;
  /** Whether events may be handled now. Ends a session that has expired. */
  readonly isOpen: boolean;
  /** Whether our own last packets are being sent. */
  readonly speaks: boolean;
  /** Ends a connection that breaks the rules before it has authenticated. */
  violate(refusal: Refusal): void;
  /** Ends one whose client sends too much while guards and hooks run. */
  overflow(): void;
  terminate(): void;
  closing(reason: unknown): void;
}

/** Bytes that may wait for guards and hooks of a connection. */
const maxHeldBytes = 1_048_576;

/** CONNECT packets of one polling request: pages join several namespaces, each with the credential. */
const maxJoins = 4;

/** Bytes of one packet before authentication. What is larger than a credential is refused with a code that the client can read. */
export function maxPayloadWithoutSession({ limits }: SessionContext['policy']): number {
  return maxJoins * (limits.maxCredentialBytes + 256);
}

/** Decides which packets pass a connection, in both directions. */
export class PacketGate implements ConnectionGate {
  readonly #backlog: Backlog;
  /** Packets of a client that has yet to authenticate. */
  #packets = 0;
  #heldBytes = 0;

  constructor(
    conn: EngineConnection,
    private readonly owner: PacketOwner,
  ) {
    this.#backlog = new Backlog(conn);
  }

  get context(): AsyncResource | undefined {
    return this.owner.context;
  }

  admits(data: unknown): boolean {
    switch (this.owner.phase) {
      case 'entering':
      case 'refused':
        return this.#admitsBefore(data);
      case 'ended':
        return false;
      default:
        return this.owner.isOpen && this.#admitsHeld(data);
    }
  }

  shows(data: unknown): boolean {
    const { isOpen, server } = this.owner;
    if (!isOpen || data === undefined) {
      return isOpen;
    }
    const { authenticate } = server.context.policy.events;
    const hasCredential =
      typeof data === 'string' && (data.startsWith('0') || data.includes(authenticate));
    // Where a packet of another parser holds one is not known.
    return server.sendsText && !hasCredential;
  }

  sends(data: unknown): boolean {
    const { owner } = this;
    if (owner.speaks) {
      return true;
    }
    if (owner.phase === 'ended' || (owner.phase === 'session' && !owner.isOpen)) {
      return false;
    }
    if (this.#backlog.exceeds(data, owner.server.context.policy.maxBufferedBytes)) {
      owner.terminate();
      return false;
    }
    return true;
  }

  flushed(): void {
    this.#backlog.flushed();
  }

  closing(reason: unknown): void {
    this.owner.closing(reason);
  }

  #admitsBefore(data: unknown): boolean {
    const { owner } = this;
    this.#packets += 1;
    if (owner.server.sendsText && typeof data !== 'string') {
      owner.violate(refusedBy('binary', 'ERR_WS_AUTH_UNSUPPORTED_DATA'));
    } else if (this.#packets > owner.server.context.policy.maxQueuedMessages + 1) {
      owner.violate(refusedBy('max-queued-messages', 'ERR_WS_AUTH_QUEUE_FULL'));
    } else {
      return true;
    }
    return false;
  }

  #admitsHeld(data: unknown): boolean {
    if (!this.owner.gates.someHold) {
      this.#heldBytes = 0;
      return true;
    }
    this.#heldBytes += (data as string | Uint8Array).length + waitingMessageBytes;
    if (this.#heldBytes <= maxHeldBytes) {
      return true;
    }
    this.owner.overflow();
    return false;
  }
}
