import type { WsAuthCloseAction } from '../protocol/close-code.js';
import { defaultEventNames, type WsAuthEventNames } from '../protocol/message.js';
import type { TokenSource } from './token-source.js';
import type { WebSocketConstructor } from './web-socket.js';
import { firstMessage, type WsAuthWay } from './way.js';

/**
 * How a socket connects and stays authenticated.
 *
 * @publicApi
 */
export interface ConnectOptions {
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
  /** Ends everything at once when it aborts: connection, timers, listeners and waiting messages. */
  readonly signal?: AbortSignal;
  /** Called when the socket gives up because nobody is logged in: no token, or a fresh one that was refused as well. */
  readonly onUnauthenticated?: () => void;
  /**
   * Messages that wait while the socket is not authenticated; 0 keeps none. `send()` throws for one too many.
   *
   * @default 64
   */
  readonly maxQueuedMessages?: number;
  /**
   * Their size in bytes.
   *
   * @default 65_536
   */
  readonly maxQueuedBytes?: number;
  /**
   * Bound of the first delay before connecting again, in milliseconds. The delay is random, and the bound doubles with
   * each failure.
   *
   * @default 1_000
   */
  readonly backOffMs?: number;
  /**
   * Bound of all delays. A connection that was authenticated for so long makes failures before it forgotten.
   *
   * @default 30_000
   */
  readonly maxBackOffMs?: number;
  /**
   * Connections in a row that may fail, or be lost, before the socket gives up; `Infinity` never does, and with 1 there is
   * one connection. One that was authenticated for `maxBackOffMs` begins a new row. A page cannot tell a refused upgrade
   * from an unreachable server, so this bounds refusals for all ways but `firstMessage()`.
   *
   * @default Infinity
   */
  readonly maxFailures?: number;
  /**
   * Time in milliseconds from a token to the session, or from a renewal to its answer. Finds connections that died without
   * a word.
   *
   * @default 15_000
   */
  readonly timeoutMs?: number;
  /** Names of the protocol's events, if the server has given them others. */
  readonly events?: Partial<WsAuthEventNames>;
  /**
   * Actions for close codes, beside and instead of those of the contract: for codes of the application, and for those that
   * the server has replaced.
   */
  readonly closeActions?: Readonly<Record<number, WsAuthCloseAction>>;
}

/** Options with every default in place. */
export interface Settings extends Omit<Required<ConnectOptions>, 'signal' | 'onUnauthenticated'> {
  readonly protocols: readonly string[];
  readonly events: WsAuthEventNames;
  readonly onUnauthenticated: (() => void) | undefined;
  binaryType: string;
}

/**
 * Puts every default in place.
 *
 * @throws {TypeError} if there is no class of WebSockets.
 */
export function settle({
  token,
  via = firstMessage(),
  protocols = [],
  WebSocket = (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket,
  onUnauthenticated,
  maxQueuedMessages = 64,
  maxQueuedBytes = 65_536,
  backOffMs = 1_000,
  maxBackOffMs = 30_000,
  maxFailures = Infinity,
  timeoutMs = 15_000,
  events,
  closeActions = {},
}: ConnectOptions): Settings {
  if (!WebSocket) {
    throw new TypeError('no WebSocket: hand one in');
  }
  return {
    token,
    via,
    protocols: [protocols].flat(),
    WebSocket,
    onUnauthenticated,
    maxQueuedMessages,
    maxQueuedBytes,
    backOffMs,
    maxBackOffMs,
    maxFailures,
    timeoutMs,
    events: { ...defaultEventNames, ...events },
    closeActions,
    binaryType: '',
  };
}
