import type { IoNamespace } from './platform-types.js';
import type { SocketGate } from './socket-gate.js';

/**
 * The clients of one connection, one for each of its namespaces. Every question takes the same time for any number of them: a
 * client may join as many namespaces as a pattern makes.
 */
export class ClientGates implements Iterable<SocketGate> {
  readonly #byNamespace = new Map<IoNamespace, SocketGate>();
  #holding = 0;

  get size(): number {
    return this.#byNamespace.size;
  }

  /** Whether guards or hooks run for one of them. */
  get someHold(): boolean {
    return this.#holding > 0;
  }

  has(namespace: IoNamespace): boolean {
    return this.#byNamespace.has(namespace);
  }

  add(gate: SocketGate): void {
    this.#byNamespace.set(gate.socket.nsp, gate);
  }

  delete({ socket }: SocketGate): void {
    this.#byNamespace.delete(socket.nsp);
  }

  /** Counts one that begins to hold, or ends to. */
  held(change: 1 | -1): void {
    this.#holding += change;
  }

  [Symbol.iterator](): Iterator<SocketGate> {
    return this.#byNamespace.values();
  }
}
