/** A step of a client: a message, and what the answer to it contains. */
export interface Turn {
  readonly send: string;
  /** Text that occurs in the one frame that answers. */
  readonly reply: string;
}

/** What a client does on one connection. `{credential}` stands for one of the credentials. */
export interface Dialogue {
  readonly handshake: string;
  /** Text that occurs in the frame that a server sends by itself after the 101, if it does. */
  readonly greeting?: string;
  readonly turns: readonly Turn[];
  /** How it must end: all sent, refused with a status, or closed by the server. */
  readonly outcome: 'done' | 'closed' | number;
}

/** Many clients. */
export interface DialoguePlan {
  readonly port: number;
  /** Process of the server, whose time is taken. */
  readonly pid: number;
  readonly dialogue: Dialogue;
  readonly credentials: readonly string[];
  readonly count: number;
  readonly inFlight: number;
}

/** What a work has cost. */
export interface Cost {
  readonly operations: number;
  readonly wallMs: number;
  readonly serverMs: number;
  readonly loadMs: number;
}
