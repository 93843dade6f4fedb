import type { Duplex } from 'node:stream';
import type { SessionLifecycle } from './session-lifecycle.js';

/** A connection that has a session. */
interface Live {
  readonly life: SessionLifecycle;
}

/** The connections of one server that have a session, until their sockets close. */
export class LiveConnections<Each extends Live> implements Iterable<Each> {
  readonly #all = new Set<Each>();

  /** Called before the session begins. */
  add(connection: Each, socket: Duplex): void {
    this.#all.add(connection);
    socket.once('close', () => this.#all.delete(connection));
  }

  /** Ends all of them, since the application closes. */
  close(): void {
    this.#all.forEach(({ life }) => life.leave());
  }

  [Symbol.iterator](): Iterator<Each> {
    return this.#all.values();
  }
}
