import type { NotAccepted } from './principal.js';

const causes: Readonly<Record<NotAccepted, string>> = {
  'no-object':
    'what it returned is not an object; return an object from validate(), such as { id }, and not a text, a list, true or a promise',
  bound:
    'its token is bound to a key (cnf), which no client proves on a WebSocket; issue tokens without cnf for this gateway, or a ticket',
  expired:
    'the credential is past its end (exp of the token, the user or the info); if the strategy allows that, as with ' +
    'clockTolerance or ignoreExpiration, set the option expiresAt to the end that holds',
  expiry:
    'its end is not a number of seconds since 1970 (exp of the token, the user or the info, or what the option expiresAt ' +
    'returned); set the option expiresAt to a function that returns epoch milliseconds, or undefined',
};

/**
 * Warns once per policy, strategy and reason that what a strategy accepts is refused all the same: most often the application is
 * wrong then, and every client is refused.
 */
export class AcceptanceWarnings {
  readonly #warned = new Set<string>();

  constructor(private readonly warn: (text: string) => void) {}

  refused(check: NotAccepted, strategy: string): void {
    const warning = `${check} ${strategy}`;
    if (!this.#warned.has(warning)) {
      this.#warned.add(warning);
      this.warn(`strategy: ${strategy} accepted a credential, which is refused: ${causes[check]}`);
    }
  }
}
