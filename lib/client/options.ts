import type { WsAuthEventNames } from '../protocol/message.js';
import { settleContract, type ContractOptions } from './contract-options.js';
import type { NumberOptions } from './number-options.js';
import { missing, settleOptions } from './settle-options.js';
import type { TokenSource } from './token-source.js';
import type { WebSocketConstructor } from './web-socket.js';
import { firstMessage, type WsAuthWay } from './way.js';

/**
 * Options of `connect()`: how a socket connects and stays authenticated.
 *
 * @publicApi
 */
export interface ConnectOptions extends NumberOptions, ContractOptions {
  /** Obtains a token: once for each attempt to connect, and for each renewal. */
  readonly token: TokenSource;
  /**
   * How the token gets to the server.
   *
   * @default firstMessage()
   */
  readonly via?: WsAuthWay;
  /**
   * Subprotocols to offer, as for `new WebSocket(url, protocols)`.
   *
   * @default none
   */
  readonly protocols?: string | readonly string[];
  /**
   * The class of the connections, such as `WebSocket` of `ws`.
   *
   * @default the global one: browsers have it, and Node.js from 22
   */
  readonly WebSocket?: WebSocketConstructor;
  /** Ends everything when it aborts: connection, timers, listeners and waiting messages. */
  readonly signal?: AbortSignal;
  /** Called when the socket gives up because no user is logged in: no token, or a fresh one that was refused as well. */
  readonly onUnauthenticated?: () => void;
}

/** Options with every default in place. */
export interface Settings extends Required<Omit<ConnectOptions, 'protocols' | 'events'>> {
  readonly protocols: string[];
  readonly events: WsAuthEventNames;
  binaryType: string;
}

/** Options of which each is of the right type. */
type Checked = Required<ConnectOptions> & { readonly protocols: string[] };

/**
 * Puts every default in place.
 *
 * @throws {TypeError} for an option that is unknown, missing or of another type.
 * @throws {RangeError} for a number that is out of bounds.
 */
export function settle(options: ConnectOptions): Settings {
  const { via = firstMessage(), protocols } = { ...options };
  const settled = settleOptions<Checked>(
    {
      token: missing,
      via: {},
      protocols: [],
      WebSocket:
        (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket ?? (missing as never),
      signal: new AbortController().signal,
      onUnauthenticated: () => {},
      events: {},
      closeActions: {},
      maxQueuedMessages: 64,
      maxQueuedBytes: 65_536,
      backOffMs: 1_000,
      maxBackOffMs: 30_000,
      maxFailures: Infinity,
      timeoutMs: 15_000,
      heartbeatMs: via?.acknowledged ? 30_000 : Infinity,
    },
    { ...options, via, protocols: typeof protocols === 'string' ? [protocols] : protocols },
  );
  return { ...settled, events: settleContract(settled), binaryType: '' };
}
