import { missing, settleOptions } from '../settle-options.js';
import type { TokenSource } from '../token-source.js';
import { SubscriptionLife } from './subscription-life.js';

/**
 * Options of {@link subscriptionParams}.
 *
 * @publicApi
 */
export interface SubscriptionParamsOptions {
  /** Obtains a token, for each connection and each renewal. Nothing means that no user is logged in, and ends the client. */
  readonly token: TokenSource;
  /**
   * Bound of the first delay before connecting again, in milliseconds. The delay is random, and the bound doubles with each
   * failure.
   *
   * @default 1_000
   */
  readonly backOffMs?: number;
  /**
   * Bound of all delays in milliseconds.
   *
   * @default 30_000
   */
  readonly maxBackOffMs?: number;
  /**
   * Connections in a row that may fail, or be lost, before the client gives up, at least 1; `Infinity` never does.
   *
   * @default Infinity
   */
  readonly maxFailures?: number;
  /** Called when the client gives up because no user is logged in: show the login. */
  readonly onUnauthenticated?: () => void;
}

/**
 * Listeners for `on` of the official client.
 *
 * @publicApi
 */
export interface SubscriptionListeners {
  /** A connection begins. */
  readonly connecting: () => void;
  /** A connection is open, and asks for a token. */
  readonly opened: (socket: unknown) => void;
  /** The server has accepted the token. */
  readonly connected: (socket: unknown, payload: unknown) => void;
  /** Renews the session when the server announces its end. */
  readonly ping: (received: boolean, payload: Record<string, unknown> | undefined) => void;
  /** Decides what follows the end of a connection. */
  readonly error: (error: unknown) => void;
  /** Decides what follows the end of a connection. */
  readonly closed: (event: unknown) => void;
}

/**
 * Options for `createClient()` of graphql-ws, as {@link subscriptionParams} makes them.
 *
 * @publicApi
 */
export interface SubscriptionParams {
  /** Sends a token with `connection_init`. */
  readonly connectionParams: () => Promise<Record<string, unknown>>;
  /** Whether another connection follows. */
  readonly shouldRetry: () => boolean;
  /** Waits before the next connection. */
  readonly retryWait: () => Promise<void>;
  /** `Infinity`: `shouldRetry` decides. */
  readonly retryAttempts: number;
  /** Add listeners of your own as `on: { ...params.on, message }`, or by `client.on()`. */
  readonly on: SubscriptionListeners;
}

const defaults: Required<SubscriptionParamsOptions> = {
  token: missing,
  onUnauthenticated: () => {},
  backOffMs: 1_000,
  maxBackOffMs: 30_000,
  maxFailures: Infinity,
};

/**
 * Keeps subscriptions of the official client of graphql-ws alive on a server behind `graphqlWs()`: through the end of a token, a
 * restart of the server, and a revocation.
 *
 * Each connection sends a token that `token` obtains. When the server announces the end of the session, a newer token renews it on the
 * open connection. After 4403 the client comes back with a newer token, after other codes that are not final with a delay.
 *
 * @throws {TypeError} for an option that is unknown, missing or of another type.
 * @throws {RangeError} for a number that is out of bounds.
 *
 * @example
 * ```ts
 * const client = createClient({ url, ...subscriptionParams({ token: newToken }) });
 * ```
 * @publicApi
 */
export function subscriptionParams(options: SubscriptionParamsOptions): SubscriptionParams {
  const { token, onUnauthenticated, ...patience } = settleOptions(defaults, options);
  return new SubscriptionLife({ token, onUnauthenticated, patience }).params;
}
