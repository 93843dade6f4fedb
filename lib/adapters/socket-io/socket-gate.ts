import { contain } from '../contain.js';
import { scheduleInSlices } from '../slices.js';
import { eventIn, isReserved, membersOf, type Packet } from './internals/socket-members.js';
import type { IoSocket } from './platform-types.js';

/** The connection of a client, as far as its namespaces are concerned. */
export interface SocketOwner {
  /** Whether events of the client may be handled now. Ends a session that has expired. */
  readonly isOpen: boolean;
  /** Handles an event of this package; returns false for every other one. */
  takes(gate: SocketGate, event: readonly unknown[], packet: Packet): boolean;
  /** The client has left its namespace. */
  left(gate: SocketGate): void;
  /** Guards or hooks of the client begin to run, or have ended. */
  held(change: 1 | -1): void;
  /** Ends a client because of an exception, or of its refusal. */
  endClient(gate: SocketGate, end: ClientEnd): void;
}

/** Why a client is ended: a close code of this package, and constant text. */
export interface ClientEnd {
  readonly code: number;
  readonly reason: string;
}

/** What a client has sent while guards and hooks of its connection run. */
interface Hold {
  readonly queue: Packet[];
  /** The end of a client that has left meanwhile. Its events come first. */
  close: readonly [reason: string, description?: unknown] | undefined;
  /** Called if the connection ends before the hold. */
  readonly onDropped: () => void;
}

const gates = new WeakMap<object, SocketGate>();

/** The gate of a client; `undefined` for an object that is not a client of a protected server. */
export function gateOf(client: object): SocketGate | undefined {
  return gates.get(client);
}

/**
 * The gate of a client in one namespace. Events reach neither listeners nor middleware of the application once the session has
 * ended, and wait while guards and hooks of the connection run.
 */
export class SocketGate {
  #hold: Hold | undefined;
  #isOver = false;
  readonly #onpacket: (packet: Packet) => void;
  readonly #onclose: (reason: string, description?: unknown) => unknown;

  constructor(
    readonly socket: IoSocket,
    readonly isPublic: boolean,
    private readonly owner: SocketOwner,
  ) {
    const members = membersOf(socket);
    this.#onpacket = members._onpacket.bind(socket);
    this.#onclose = members._onclose.bind(socket);
    members._onpacket = (packet) => this.#receive(packet);
    members._onclose = (reason, description) => this.#close(reason, description);
    gates.set(socket, this);
  }

  /**
   * Keeps the events of the client from all listeners. Answers to what the application has sent pass: a hook may wait for one.
   *
   * @returns a function that delivers them, in order
   */
  hold(onDropped: () => void): () => void {
    const hold: Hold = { queue: [], close: undefined, onDropped };
    this.#endHold();
    this.#hold = hold;
    this.owner.held(1);
    return () => this.#release(hold);
  }

  /** From here on nothing of the client is dispatched. Middleware of the application that still runs finds it disconnected. */
  silence(): void {
    this.#isOver = true;
    membersOf(this.socket).connected = false;
    const hold = this.#hold;
    if (hold) {
      this.#endHold();
      contain('ending a connection', hold.onDropped);
      if (hold.close) {
        this.#end(...hold.close);
      }
    }
  }

  /** Ends the client because of an exception of application code, or with its refusal. */
  end(end: ClientEnd): void {
    this.owner.endClient(this, end);
  }

  /** Ends this client alone, and informs it of the end by an event. */
  dismiss(event: string, data: ClientEnd): void {
    this.silence();
    scheduleInSlices(() => {
      this.restore();
      this.socket.emit(event, data);
      this.socket.disconnect();
    });
  }

  /** Takes back what {@link silence} has changed, so that Socket.IO itself can disconnect the client. */
  restore(): void {
    // A client that has left its namespace is no longer among its sockets.
    if (this.socket.nsp.sockets.get(this.socket.id) === this.socket) {
      membersOf(this.socket).connected = true;
    }
  }

  #receive(packet: Packet): void {
    if (this.#isOver || !this.owner.isOpen) {
      return;
    }
    const event = eventIn(packet);
    if (event && isReserved(event)) {
      this.socket.conn.close();
      return;
    }
    if (event && this.owner.takes(this, event, packet)) {
      return;
    }
    if (event && this.#hold) {
      this.#hold.queue.push(packet);
    } else {
      this.#onpacket(packet);
    }
  }

  #close(reason: string, description?: unknown): unknown {
    if (this.#hold) {
      this.#hold.close ??= [reason, description];
      return undefined;
    }
    return this.#end(reason, description);
  }

  #end(reason: string, description?: unknown): unknown {
    let returned: unknown;
    // One that throws must not keep the clients of other namespaces from their end.
    contain('a listener of "disconnect"', () => {
      returned = this.#onclose(reason, description);
    });
    this.owner.left(this);
    return returned;
  }

  #release(hold: Hold): void {
    if (this.#hold !== hold) {
      return;
    }
    this.#endHold();
    for (const packet of hold.queue) {
      this.#receive(packet);
    }
    const { close } = hold;
    if (close) {
      // Nest starts handlers by promises. They have begun, as for a client that leaves after its last event.
      setImmediate(() => this.#end(...close));
    }
  }

  #endHold(): void {
    if (this.#hold) {
      this.#hold = undefined;
      this.owner.held(-1);
    }
  }
}
