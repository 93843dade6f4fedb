import { closeActionOf, WsAuthCloseCode } from '../../protocol/close-code.js';
import type { Refusal } from '../../protocol/refusal.js';
import { endings } from '../endings.js';
import type { Ending } from '../../sessions/live-session.js';

/** A close frame. */
export interface GraphqlClosing {
  readonly code: number;
  /** Constant text, at most 123 bytes. */
  readonly reason: string;
}

/** Close codes of the protocol, by what its official client does after them. */
const { GoingAway, TryAgainLater, Timeout } = WsAuthCloseCode;
const forbidden = 4403;
const unauthorized = 4401;
const initialisationTimeout = 4408;

/** How the connection of a session is closed when the session ends. */
export function closingOf({ why, code, reason }: Ending): GraphqlClosing {
  const byDefault = endings[why];
  return { code: code ?? graphqlCode(byDefault.code), reason: reason ?? byDefault.reason };
}

/** How a connection is closed that was refused after the 101. */
export function closingOfRefusal({ closeCode, reason }: Refusal): GraphqlClosing {
  return { code: graphqlCode(closeCode), reason };
}

/**
 * The code of the protocol that makes its official client do what a code of this package asks: after 4403 it connects with newer
 * `connectionParams`, after 4401 it gives up, after 1001, 1013 and 4408 it connects again later.
 */
export function graphqlCode(code: number): number {
  if (code === Timeout) {
    return initialisationTimeout;
  }
  switch (closeActionOf(code)) {
    case 'newToken':
      return forbidden;
    case 'backOff':
      return code === GoingAway ? code : TryAgainLater;
    case 'terminal':
      return unauthorized;
  }
}
