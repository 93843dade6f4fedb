import type { NotAccepted, Principal } from './principal.js';

/** Milliseconds that are read as seconds end in the year 58000. */
const lastYear = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

const causes: Readonly<Record<NotAccepted, string>> = {
  'no-object':
    'what it returned is not an object; return an object from validate(), such as { id }, and not a text, a list, true or a promise',
  bound:
    'its token is bound to a key (cnf), which no client proves on a WebSocket; issue tokens without cnf for this gateway, or a ticket',
  expired:
    'the credential is past its end (exp of the token, the user or the info, in seconds since 1970, or what the option expiresAt ' +
    'returned, in milliseconds); if the strategy allows that, as with clockTolerance or ignoreExpiration, set the option expiresAt ' +
    'to the end that holds',
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
    this.#warnOnce(
      `${check} ${strategy}`,
      `strategy: ${strategy} accepted a credential, which is refused: ${causes[check]}`,
    );
  }

  /** A strategy such as passport-remember-me uses up a cookie, and sets another one. */
  cookieLost(strategy: string): void {
    this.#warnOnce(
      `cookie ${strategy}`,
      `strategy: a cookie was set while ${strategy} accepted a credential, and an upgrade sends none to the client, so that one which ` +
        'was used up is not replaced; let HTTP routes set it, and take their session or a ticket for this gateway',
    );
  }

  /** A session that lasts for thousands of years is one whose end was stated in the wrong unit, and never ends. */
  accepted({ expiresAt = 0 }: Pick<Principal, 'expiresAt'>, strategy: string): void {
    if (expiresAt > lastYear) {
      this.#warnOnce(
        `far ${strategy}`,
        `strategy: ${strategy} accepted a credential that ends after the year 9999, so that its session never ends: exp counts seconds ` +
          'since 1970, and the option expiresAt returns milliseconds; correct the unit, or bound sessions by maxSessionAgeMs',
      );
    }
  }

  #warnOnce(kind: string, text: string): void {
    if (!this.#warned.has(kind)) {
      this.#warned.add(kind);
      this.warn(text);
    }
  }
}
