/** What every contender of a run receives. */
export interface Settings {
  /** Key of the tokens, base64. */
  readonly secret: string;
  /** Mean time in milliseconds that verifying takes on top of its own; 0 adds nothing. */
  readonly verifyDelayMs: number;
  /** Socket of a Redis server, for contenders that share a store. */
  readonly redis?: string;
}

/** What a server does on request, besides serving. */
export type Commands = Readonly<Record<string, (argument: never) => unknown>>;

/** A server that listens on loopback. */
export interface Running {
  readonly port: number;
  readonly commands?: Commands;
}

/** One way to authenticate WebSockets. */
export type Contender = (settings: Settings) => Promise<Running>;
