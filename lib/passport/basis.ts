import type { Claims } from '../credentials/jwt.js';

/** What a strategy has based its decision on. */
export interface Basis {
  /** Tokens, none of them twice. */
  readonly tokens: readonly string[];
  /**
   * Tokens that a part of what was taken would be. A credential that is refused stays refused when the client adds something to it.
   */
  readonly parts?: readonly string[];
  /**
   * Whether the strategy took exactly these for its credential. Otherwise each of them is a token that it may have verified, and
   * may also be a text that the client made up.
   */
  readonly verified: boolean;
  /** Whether the strategy was given a user name and a password, and no token. */
  readonly presented: boolean;
  /** Name of the field that held the password, where it is another one than `password`. */
  readonly passwordField?: string;
  /** What the strategy has handed to its verify function about a token that cannot be read here. */
  readonly claims?: readonly Claims[];
}

/** The basis of a strategy that has used nothing of what is known here, such as a client certificate. */
export const noBasis: Basis = Object.freeze({
  tokens: Object.freeze([]),
  verified: false,
  presented: false,
});
