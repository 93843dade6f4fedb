/** A check of this package that refuses a connection, by a stable name. `lib/guides/troubleshooting.md` explains each of them. */
export type WsAuthCheck =
  // The handshake.
  | 'http-version'
  | 'method'
  | 'header-count'
  | 'repeated-header'
  | 'body'
  | 'early-data'
  | 'upgrade'
  | 'sec-websocket-version'
  | 'connection'
  | 'sec-websocket-key'
  | 'request-target'
  | 'host'
  | 'sec-websocket-protocol'
  | 'sec-websocket-extensions'
  | 'path'
  | 'origin'
  | 'middleware'
  | 'sid-origin'
  | 'sid-cookie'
  | 'sid-address'
  | 'sid-upgrade'
  // The form of a credential.
  | 'no-credential'
  | 'several-credentials'
  | 'scheme'
  | 'basic'
  | 'password'
  | 'size'
  | 'token-repeated'
  | 'token-encoding'
  | 'token-whitespace'
  | 'token-scheme'
  | 'token-quotes'
  | 'token-empty'
  | 'token-syntax'
  | 'token-type'
  | 'subprotocol-alone'
  // The form of a message.
  | 'json'
  | 'event'
  | 'data'
  | 'binary'
  | 'no-renewal'
  // What a strategy has accepted.
  | 'no-object'
  | 'no-key'
  | 'bound'
  | 'expired'
  | 'expiry'
  | 'tokens'
  | 'other-user'
  | 'other-issuer'
  | 'revoked'
  // Limits, and what is waited for.
  | 'failed-attempts'
  | 'max-pending'
  | 'max-pending-per-address'
  | 'max-sessions-per-user'
  | 'max-queued-messages'
  | 'max-queued-bytes'
  | 'renewal-running'
  | 'renewals-per-minute'
  | 'first-message-deadline'
  | 'deadline'
  | 'store'
  | 'closing';

/** What one strategy answered. */
export interface WsAuthStrategyAnswer {
  /** Name of the strategy. */
  readonly strategy: string;
  /**
   * Name of the error that it failed with, such as `TokenExpiredError`, or of what it did: `failed`, `threw`, `redirected`,
   * `answered`, `passed`, `accepted`, `no-token-found`, `no-answer`, `not-registered`.
   */
  readonly answer: string;
  /** The check of this package that refused what the strategy had accepted. */
  readonly check?: WsAuthCheck;
  /**
   * What exactly was wrong, where the error of a library has a name for it: `signature`, `algorithm`, `audience`, `issuer`, `subject`,
   * `key` or `no-jwt`, or the code of the error, such as `ECONNREFUSED`.
   */
  readonly fault?: string;
  /** HTTP status that the strategy failed with, where it named one. */
  readonly status?: number;
}

/** The two sides of a comparison of origins. */
export interface WsAuthOriginDiagnosis {
  /** Origin of the page; `none` where the client sent none, `unreadable` for a text that is not an origin. */
  readonly sent: string;
  /** Origins that the gateway accepts, or the name of what decides. */
  readonly expected: readonly string[];
}

/**
 * Why a connection was refused, for the developer alone: it is logged and emitted, and never reaches the client.
 *
 * It holds names, never values: no credential, no text of an error, no content of a message.
 */
export interface WsAuthDiagnosis {
  /** The check that refused; `undefined` if the strategies did, or if the code is sufficient. */
  readonly check?: WsAuthCheck;
  /** Name of the extractor that found the credential, or of those that looked for one. */
  readonly extractor?: string;
  /** What each strategy that was asked answered, in order. */
  readonly strategies?: readonly WsAuthStrategyAnswer[];
  /** Name of the function of the middleware that refused, or its position in the option, such as `#0`. */
  readonly middleware?: string;
  /** HTTP status that the middleware answered. */
  readonly status?: number;
  /** Names of the header fields that are wrong, or of the fields that a message had. */
  readonly fields?: readonly string[];
  /**
   * Where the handshake held anything that could be a credential, if none was found: `authorization`, `?access_token`, `cookie:jwt`,
   * `x-access-token`. Of each kind the first five.
   */
  readonly unread?: readonly string[];
  /** Paths that the server has, the first ten, where the client asked for another one. */
  readonly paths?: readonly string[];
  /**
   * What was found of a credential that came before and was rejected, such as the cookie of a page, which does not keep a first
   * message out.
   */
  readonly rejected?: Pick<WsAuthDiagnosis, 'check' | 'extractor' | 'strategies'>;
  /** Both sides of the comparison, where an origin was refused. */
  readonly origin?: WsAuthOriginDiagnosis;
  /**
   * Class of the guard that refused the client at `handleConnection`; the hook, such as `ChatGateway.handleConnection`, where its own
   * exception did; `onConnect` for that of graphql-ws.
   */
  readonly guard?: string;
  /** Name of the error behind the refusal. */
  readonly error?: string;
}
