/** The part of an authentication attempt that a strategy run needs. */
export interface AbortableAttempt {
  /**
   * Whether the client still waits for a decision. Nothing new is begun for an attempt that is over: the client has left, the
   * deadline has passed, or the server shuts down. What has begun is waited for, because it still does work.
   */
  readonly running: boolean;
  /** Aborts when the attempt ends early, for code that can stop, such as `fetch`. Made on first use. */
  readonly signal: AbortSignal;
}
