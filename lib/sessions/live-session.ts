import type { WsAuthAttemptEvent } from '../events/ws-auth-events.js';
import type { Proof } from './proof.js';
import type { WsAuthSession } from './session.js';

/** Why a session ends. */
export type EndReason =
  'expired' | 'revoked' | 'disconnected' | 'replaced' | 'storeLost' | 'failed' | 'shutdown';

/** How a session ends. */
export interface Ending {
  readonly why: EndReason;
  /** Code that the application gives. Without it the transport has one for `why`. */
  readonly code?: number | undefined;
  /** Constant text of at most 123 bytes that the application gives. Without it the transport has one for `why`. */
  readonly reason?: string | undefined;
}

/** A session with its socket, as far as sessions are concerned. */
export interface LiveSession {
  readonly session: WsAuthSession;
  readonly proof: Proof;
  /** Where its connection comes from and goes to. */
  readonly peer?: { placeIn(namespace: string | undefined): WsAuthAttemptEvent };
  /** Its clients of gateways, which the application may send to. Absent where the transport has no gateways. */
  readonly connection?: { readonly recipients?: Iterable<object> };
  /** Ends the session immediately: nothing is dispatched from here on, and nothing but the close frame is sent. */
  end(ending: Ending): void;
  /** Informs the client that its session ends soon, because this node shuts down: it may connect to another one before. */
  announceLeaving(closesInMs: number): void;
  /**
   * Ends the session soon, because this node shuts down. Until its own close frame goes out it is as alive as before, since nothing
   * was revoked: what the client has sent meanwhile is handled.
   */
  leave(): void;
  /**
   * Puts a renewed session in place of the present one.
   *
   * @throws {WsAuthError} for another user, and for a value that is not a user.
   */
  refresh(user: object, info: unknown): WsAuthSession;
}
