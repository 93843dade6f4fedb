import { Connection } from './connection.js';
import type { DialoguePlan } from './dialogue.js';
import { textFrame } from './frames.js';
import { scriptsOf } from './play-dialogues.js';
import { Player } from './script.js';

/** Connections that stay open after their dialogue. */
export class Group {
  readonly #connections: Connection[] = [];
  #started = 0;
  #ended = 0;
  #lastEndAt = 0;
  #onMore: (connection: Connection) => void = () => undefined;
  #onAllEnded: () => void = () => undefined;

  /** Opens as many connections as planned, a number of them at a time. */
  open(plan: DialoguePlan): Promise<void> {
    const { dialogue, port, count, inFlight } = plan;
    const scripts = scriptsOf(plan);
    const goal = this.#connections.length + count;
    let left = count;
    return new Promise((resolve, reject) => {
      const callbacks = {
        onDone: (connection: Connection) => {
          this.#connections.push(connection);
          if (this.#connections.length === goal) {
            resolve();
          } else if (left > 0) {
            start();
          }
        },
        onMore: (connection: Connection) => this.#onMore(connection),
        onEnd: (connection: Connection, { done }: Player) => {
          this.#end();
          if (!done) {
            reject(new Error(`a connection ended with ${connection.status} before it was idle`));
          }
        },
      };
      const start = () => {
        const script = scripts[this.#started % scripts.length]!;
        this.#started += 1;
        left -= 1;
        const player = new Player(script, dialogue.greeting, callbacks);
        Connection.open({ port, handshake: script.handshake }, player);
      };
      for (let lane = 0; lane < Math.min(inFlight, count); lane += 1) {
        start();
      }
    });
  }

  /** Sends messages on all connections, each as soon as the one before is answered. */
  echo(text: string, operations: number): Promise<void> {
    const message = textFrame(text);
    const first = this.#connections.slice(0, operations);
    let sent = first.length;
    let answered = 0;
    return new Promise((resolve) => {
      this.#onMore = (connection) => {
        answered += 1;
        if (answered === operations) {
          resolve();
        } else if (sent < operations) {
          sent += 1;
          connection.write(message);
        }
      };
      first.forEach((connection) => connection.write(message));
    });
  }

  /** Waits until the server has closed all of them; the epoch milliseconds of the last. */
  async allEnded(): Promise<number> {
    if (this.#ended < this.#connections.length) {
      await new Promise<void>((resolve) => {
        this.#onAllEnded = resolve;
      });
    }
    return this.#lastEndAt;
  }

  destroy(): void {
    this.#connections.forEach((connection) => connection.destroy());
  }

  #end(): void {
    this.#ended += 1;
    this.#lastEndAt = Date.now();
    if (this.#ended === this.#connections.length) {
      this.#onAllEnded();
    }
  }
}
