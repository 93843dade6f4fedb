import type { AsyncResource } from 'node:async_hooks';
import type { DrainingData, SessionData } from '../protocol/message.js';
import type { Refusal } from '../protocol/refusal.js';
import type { Ending } from '../sessions/live-session.js';

/** A message of this package to the client of a session. */
export type SessionNotice = 'authenticated' | 'expiring' | 'draining';

/** What a message of this package holds. */
export type NoticeData = SessionData | DrainingData;

/**
 * A connection as its session sees it: the port that every transport implements. The session decides what happens, and the
 * connection knows how its transport does it.
 */
export interface Connection {
  /** The objects that `userOf()` is called with: one socket of `ws`, or every namespace socket of a Socket.IO connection. */
  readonly clients: Iterable<object>;
  /** Those of them that a gateway sends to. Absent where the transport has no gateways. */
  readonly recipients?: Iterable<object>;
  /** The asynchronous context in which incoming messages are handled. */
  context: AsyncResource | undefined;
  send(notice: SessionNotice, data: NoticeData): void;
  /**
   * Ends the connection because its session has ended. From the return on nothing of the client is dispatched and nothing of
   * the application is sent; closing may follow later, but not at a shutdown, where sessions end in slices. The transport maps the reason to its own codes.
   */
  end(ending: Ending): void;
  /** Ends the connection because its client failed to authenticate again, in the same way. */
  refuse(refusal: Refusal): void;
  /** Calls back when the connection has closed. Called before `end()` or `refuse()`, at most once. */
  onClosed(callback: (code: number) => void): void;
}
