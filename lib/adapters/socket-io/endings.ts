import type { Policy } from '../../policy/policy.js';
import { closeActionOf, type WsAuthCloseAction } from '../../protocol/close-code.js';
import type { Refusal } from '../../protocol/refusal.js';
import { endings } from '../endings.js';
import type { Ending } from '../../sessions/live-session.js';

/** How the client of a session is informed of its end. */
export interface Farewell {
  readonly code: number;
  /** Constant text. */
  readonly reason: string;
  /** What the client should do next: it decides how the connection is closed. */
  readonly action: WsAuthCloseAction;
}

export function farewellOf({ why, code, reason }: Ending, policy: Policy): Farewell {
  const byDefault = endings[why];
  return farewell(code ?? byDefault.code, reason ?? byDefault.reason, policy);
}

export function farewellOfRefusal({ closeCode, reason }: Refusal, policy: Policy): Farewell {
  return farewell(closeCode, reason, policy);
}

function farewell(code: number, reason: string, { closeCodes }: Policy): Farewell {
  return { code: closeCodes.get(code) ?? code, reason, action: closeActionOf(code) };
}

/** Close code of a connection that ended without ours. Engine.io does not show the code of a close frame. */
export function closeCodeOf(reason: unknown): number {
  return reason === 'transport close' || reason === 'forced close' ? 1005 : 1006;
}

/** The error that Socket.IO sends as CONNECT_ERROR: constant text, and what a program needs to know. */
export class ConnectError extends Error {
  readonly data: { readonly code: number; readonly reason: string; readonly error: string };

  constructor(
    { code: error, closeCode, reason }: Refusal,
    { closeCodes }: Pick<Policy, 'closeCodes'>,
  ) {
    super(reason);
    this.data = { code: closeCodes.get(closeCode) ?? closeCode, reason, error };
  }
}
