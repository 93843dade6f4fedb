import { failed } from '../../authentication/strategy-refusal.js';
import type { PendingUpgrade } from '../pending-upgrade.js';
import type { RefusalReporter } from '../refusal-reporter.js';
import { endUnanswered, type EngineAnswer } from './answer-request.js';
import type { Entrance } from './entrance.js';
import type { EngineRequest } from './internals/engine.js';

/**
 * A request that may open a connection, until engine.io has made the connection or has refused it. It holds the slot meanwhile.
 *
 * Nothing of it stays on the socket afterwards: a proxy keeps one socket for the requests of many clients.
 */
export class Opening {
  #isOver = false;
  #isOpen = false;

  constructor(
    private readonly upgrade: PendingUpgrade,
    private readonly entrance: Entrance,
    private readonly reporter: Pick<RefusalReporter, 'refused'>,
  ) {
    upgrade.attempt.onAbort(() => this.#abort());
  }

  /** Has engine.io make the connection. From here on the end of the connection counts, and not that of the request. */
  open(callback: EngineAnswer): void {
    const { attempt, peer } = this.upgrade;
    this.#isOpen = true;
    this.upgrade.unwatch();
    attempt.deadlineCode = 'ERR_WS_AUTH_TIMEOUT';
    peer.socket.once('close', this.#onClose);
    try {
      callback(null, true);
    } catch (cause) {
      // Of the application, such as a listener of `headers`. An exception here would end the process.
      this.drop();
      peer.socket.destroy();
      this.reporter.refused(failed(cause), peer, 'handshake');
    }
  }

  /** Engine.io has made the connection. */
  take(): Entrance | undefined {
    return this.#end() ? this.entrance : undefined;
  }

  /** There will be no connection. */
  drop(): void {
    if (this.#end()) {
      this.entrance.abandon();
      this.upgrade.attempt.settle();
      this.upgrade.letGo();
    }
  }

  /** The deadline has passed, the application closes, or the client has left. */
  #abort(): void {
    if (!this.#end()) {
      return;
    }
    const { attempt, peer, subject } = this.upgrade;
    this.entrance.abandon();
    if (attempt.refusal) {
      this.reporter.refused(attempt.refusal, peer, 'handshake');
    }
    const closes = endUnanswered(subject.request as EngineRequest, {
      refusal: attempt.refusal,
      isUpgraded: this.#isOpen,
    });
    if (closes) {
      this.upgrade.letGoWhenClosed();
    } else {
      this.upgrade.letGo();
    }
  }

  /** Returns false if it is over already. */
  #end(): boolean {
    const isFirst = !this.#isOver;
    this.#isOver = true;
    this.upgrade.peer.socket.off('close', this.#onClose);
    return isFirst;
  }

  /** Engine.io may still make the connection in this turn, of a client that has sent everything and left. */
  readonly #onClose = (): void => {
    setImmediate(() => this.drop());
  };
}
