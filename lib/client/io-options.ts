import type { ContractOptions } from './contract-options.js';
import type { TokenSource } from './token-source.js';

/**
 * The part of a client of `socket.io-client` that is used, so that no version of it is named.
 *
 * @publicApi
 */
export interface IoSocketLike {
  /** What is sent with each CONNECT packet, or a function that hands it on. */
  auth: object | ((done: (data: object) => void) => void);
  /** Whether it is in its namespace. */
  readonly connected: boolean;
  /** Whether it will connect again by itself. */
  readonly active: boolean;
  /** Adds a listener. Clients may type their events, so nothing is demanded of them here. */
  on(event: never, listener: never): unknown;
  /** Removes a listener. */
  off(event: never, listener: never): unknown;
  /** Sends an event. */
  emit(event: never, ...args: never[]): unknown;
  /** Joins its namespace. */
  connect(): unknown;
  /** Leaves its namespace. */
  disconnect(): unknown;
}

/**
 * Options of `authenticate()`: how a client of Socket.IO stays authenticated.
 *
 * @publicApi
 */
export interface AuthenticateOptions extends ContractOptions {
  /** Obtains a token: once for each CONNECT packet, and for each renewal. */
  readonly token: TokenSource;
  /** Called when the client gives up because no user is logged in: no token, or a fresh one that was refused as well. */
  readonly onUnauthenticated?: () => void;
}
