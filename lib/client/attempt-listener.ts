import type { End } from './next-step.js';

/** What an attempt reports. */
export interface AttemptListener {
  /** The connection is open, and the server is judging the token. */
  authenticating(): void;
  /** The server has accepted a token, or has sent anew when the session ends. */
  told(expiresAt: number | null | undefined): void;
  message(data: unknown): void;
  /** The server will close the connection after so many milliseconds, because it shuts down. */
  draining(closesInMs: number): void;
  /** Called once, unless the attempt is abandoned. */
  ended(end: End): void;
}
