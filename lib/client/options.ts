import type { WsAuthCloseAction } from '../protocol/close-code.js';
import { defaultEventNames, type WsAuthEventNames } from '../protocol/message.js';
import { demandKnown } from './known-options.js';
import { numbers, settleNumbers, type NumberOptions } from './number-options.js';
import type { TokenSource } from './token-source.js';
import type { WebSocketConstructor } from './web-socket.js';
import { firstMessage, type WsAuthWay } from './way.js';

/**
 * Options of `connect()`: how a socket connects and stays authenticated.
 *
 * @publicApi
 */
export interface ConnectOptions extends NumberOptions {
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
  /** Names of the protocol's events, if the server has given them others. */
  readonly events?: Partial<WsAuthEventNames>;
  /**
   * Actions for close codes, beside and instead of those of the contract: for codes of the application, and for those that
   * the server has replaced.
   */
  readonly closeActions?: Readonly<Record<number, WsAuthCloseAction>>;
}

/** Options with every default in place. */
export interface Settings extends Required<
  Omit<ConnectOptions, 'signal' | 'onUnauthenticated' | 'closeActions'>
> {
  readonly protocols: string[];
  readonly events: WsAuthEventNames;
  readonly onUnauthenticated?: () => void;
  readonly closeActions?: Readonly<Record<number, WsAuthCloseAction>>;
  binaryType: string;
}

const others: readonly (keyof ConnectOptions)[] = [
  'token',
  'via',
  'protocols',
  'WebSocket',
  'signal',
  'onUnauthenticated',
  'events',
  'closeActions',
];

/**
 * Puts every default in place.
 *
 * @throws {TypeError} for an unknown option, a `token` that is not a function, a `via` that is not a way, and without a class of WebSockets.
 * @throws {RangeError} for a number that is out of bounds.
 */
export function settle(options: ConnectOptions): Settings {
  demandKnown([...others, ...numbers.map(([name]) => name)], options);
  demandKnown(Object.keys(defaultEventNames), options.events, 'events.');
  const {
    via = firstMessage(),
    heartbeatMs = via.acknowledged ? 30_000 : Infinity,
    protocols = [],
    WebSocket = (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket,
  } = options;
  if (typeof options.token !== 'function') {
    throw new TypeError('token: expected a function');
  }
  if (typeof via !== 'object') {
    throw new TypeError('via: expected firstMessage()');
  }
  if (!WebSocket) {
    throw new TypeError('WebSocket: expected a class');
  }
  return {
    ...options,
    ...settleNumbers({ ...options, heartbeatMs }),
    via,
    protocols: [protocols].flat(),
    WebSocket,
    events: { ...defaultEventNames, ...options.events },
    binaryType: '',
  };
}
