import { closeGraceMs } from '../close-grace.js';
import type { ConnectError, Farewell } from './endings.js';
import type { EngineConnection } from './internals/engine.js';
import { closeNow } from './internals/end-connection.js';
import { sayFarewell } from './say-farewell.js';
import type { SocketGate } from './socket-gate.js';

/** Ends a connection of engine.io: with its last packets or without them, and within a bound in any case. */
export class ConnectionEnd {
  #speaks = false;
  #deadline: NodeJS.Timeout | undefined;

  constructor(private readonly conn: EngineConnection) {}

  /** Whether our own last packets are being sent. */
  get speaks(): boolean {
    return this.#speaks;
  }

  /** Informs the clients of the end, and closes the connection. */
  leave(farewell: Farewell, gates: Iterable<SocketGate>, event: string): void {
    this.#speaks = true;
    try {
      sayFarewell({ conn: this.conn, gates: [...gates] }, farewell, event);
    } finally {
      this.#speaks = false;
    }
    this.within(closeGraceMs.session);
  }

  /**
   * Refuses a client that has asked for no namespace, as if it had asked for the root one, which raw clients can read.
   *
   * @param error absent where packets are no text
   */
  refuse(error: ConnectError | undefined): void {
    if (error) {
      const { message, data } = error;
      this.conn.sendPacket('message', `4${JSON.stringify({ message, data })}`);
    }
    this.now();
  }

  /** Closes the connection after so many milliseconds, unless it is {@link spare}d. */
  within(graceMs: number): void {
    this.spare();
    this.#deadline = setTimeout(() => this.now(), graceMs);
    this.#deadline.unref();
  }

  spare(): void {
    clearTimeout(this.#deadline);
  }

  /** Closes the connection, without waiting for what has yet to be sent. */
  now(): void {
    closeNow(this.conn);
  }
}
