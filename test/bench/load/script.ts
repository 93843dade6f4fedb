import type { Connection, ConnectionListener } from './connection.js';
import type { Dialogue } from './dialogue.js';
import { textFrame } from './frames.js';
import { credentialMark } from './requests.js';

/** A dialogue with one credential, in bytes. */
export interface Script {
  readonly handshake: Buffer;
  readonly turns: readonly { readonly frame: Buffer; readonly reply: Buffer }[];
}

export function scriptOf({ handshake, turns }: Dialogue, credential: string): Script {
  const fill = (text: string) => text.replace(credentialMark, credential);
  return {
    handshake: Buffer.from(fill(handshake)),
    turns: turns.map(({ send, reply }) => ({
      frame: textFrame(fill(send)),
      reply: Buffer.from(reply),
    })),
  };
}

/** What a player reports. */
export interface PlayerCallbacks {
  onDone(connection: Connection): void;
  /** A text frame after the end of the script. */
  onMore?(connection: Connection, payload: Buffer): void;
  onEnd(connection: Connection, player: Player): void;
}

/** Plays one script on one connection. */
export class Player implements ConnectionListener {
  #turn = 0;
  #greeted: boolean;
  done = false;

  constructor(
    private readonly script: Script,
    private readonly greeting: string | undefined,
    private readonly callbacks: PlayerCallbacks,
  ) {
    this.#greeted = greeting === undefined;
  }

  onOpen(connection: Connection): void {
    if (this.#greeted) {
      this.#next(connection);
    }
  }

  onText(connection: Connection, payload: Buffer): void {
    if (this.done) {
      this.callbacks.onMore?.(connection, payload);
    } else if (!this.#greeted) {
      this.#greeted = payload.includes(this.greeting!);
      this.#next(connection);
    } else if (payload.includes(this.script.turns[this.#turn - 1]?.reply ?? '')) {
      this.#next(connection);
    }
  }

  onEnd(connection: Connection): void {
    this.callbacks.onEnd(connection, this);
  }

  #next(connection: Connection): void {
    const turn = this.script.turns[this.#turn];
    if (turn) {
      this.#turn += 1;
      connection.write(turn.frame);
    } else if (!this.done) {
      this.done = true;
      this.callbacks.onDone(connection);
    }
  }
}
