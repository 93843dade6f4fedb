import type { WsAuthEventMap } from 'nestjs-ws-auth';
import type { SessionView } from './session-view.js';

/** The events that have a user. The others, `authenticating` and `refused`, are not for the eyes of any user. */
export const toldNames = [
  'authenticated',
  'reauthenticated',
  'expiring',
  'expired',
  'revoked',
  'disconnected',
] as const satisfies readonly (keyof WsAuthEventMap)[];

/** One event, as the page of the user receives it. */
export interface ToldEvent {
  readonly name: (typeof toldNames)[number];
  /** Epoch milliseconds. */
  readonly at: number;
  readonly sessionId: string;
  /** Close code of a session that is disconnected. */
  readonly code?: number;
  /** Absent for a session that has ended. */
  readonly session?: SessionView;
}
