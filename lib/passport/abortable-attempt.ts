/** The part of an authentication attempt that a strategy run needs. */
export interface AbortableAttempt {
  /** Whether somebody still waits. */
  readonly running: boolean;
  /** Calls back, at once if it has happened, when the attempt ends early: the client is gone, the deadline has passed, the server shuts down. */
  onAbort(callback: () => void): void;
  /** The same for code that wants to stop waiting, such as `fetch`. Made on first use. */
  readonly signal: AbortSignal;
}
