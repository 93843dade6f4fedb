import type { WsAuthCloseAction } from '../protocol/close-code.js';
import { defaultEventNames, type WsAuthEventNames } from '../protocol/message.js';
import { settleOptions } from './settle-options.js';

/** Options by which a client follows a server that has changed the contract. */
export interface ContractOptions {
  /** Names of the protocol's events, if the server has given them others. */
  readonly events?: Partial<WsAuthEventNames>;
  /**
   * Actions for close codes, beside and instead of those of the contract: for codes of the application, and for those that
   * the server has replaced.
   */
  readonly closeActions?: Readonly<Record<number, WsAuthCloseAction>>;
}

/** A close code, and what the client does after it. */
const closeAction = /^\d{4},(terminal|newToken|backOff)$/;

/**
 * Checks the actions, and puts the names of events in place.
 *
 * @throws {TypeError} for an event without a name, for what is not a close code and for an action that is unknown
 */
export function settleContract({
  events,
  closeActions,
}: Required<ContractOptions>): WsAuthEventNames {
  for (const given of Object.entries(closeActions)) {
    if (!closeAction.test(given.join())) {
      throw new TypeError(`closeActions.${given[0]}: expected ${closeAction}`);
    }
  }
  return settleOptions(defaultEventNames as WsAuthEventNames, events, /./, 'events.');
}
