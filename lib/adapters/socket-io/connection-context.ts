import type { SessionContext } from '../session-context.js';

/** What the connections of one server share. */
export interface IoConnectionContext {
  readonly context: SessionContext;
  /** Whether packets are text: those of the parser that Socket.IO brings. */
  readonly sendsText: boolean;
  /** Bytes of one packet of a session. */
  readonly maxPayload: number;
}

/** Where a connection stands. */
export type Phase = 'entering' | 'refused' | 'guest' | 'session' | 'ended';
