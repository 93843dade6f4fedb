import { authenticateMessage, protocolsWith, urlWith } from './own-client.js';
import { settleOptions } from './settle-options.js';
import { utf8 } from './socket-data.js';

/**
 * A way of sending the token to the server, such as `firstMessage()`. Each function receives the token of the attempt, and
 * MUST NOT keep it.
 *
 * @publicApi
 */
export interface WsAuthWay {
  /** Prepares a connection, as by setting a cookie. Resolves with the status of an HTTP answer; rejects without an answer. */
  prepare?(token: string, signal: AbortSignal): Promise<number>;
  /** The URL to connect to. */
  url?(url: string, token: string): string;
  /** The subprotocols to offer. */
  protocols?(protocols: readonly string[], token: string): string[];
  /**
   * The message to send first. Without it, the handshake holds the token. A way that has only this gets a token that is obtained
   * when the connection is open, so that it need not outlive TCP, TLS and the upgrade.
   */
  message?(token: string, authenticate: string): string;
  /** Whether the server answers the message with `authenticated`. */
  readonly acknowledged?: boolean;
}

/** Whether a way has to have the token before there is a connection. */
export function needsTokenFirst(via: WsAuthWay): boolean {
  return !(via.message && !via.prepare && !via.url && !via.protocols);
}

/** Options of {@link firstMessage}. */
export interface FirstMessageWayOptions {
  /**
   * Form of the message, as in `fromFirstMessage()` of the gateway. With `raw` nothing is acknowledged, so
   * the socket counts as open as soon as the token is sent.
   *
   * @default 'event'
   */
  readonly format?: 'event' | 'raw';
}

/**
 * Sends the token as the first message, for gateways with `fromFirstMessage()`: the way that works everywhere and the only
 * one that shows a page why it was refused.
 *
 * @throws {TypeError} for an option that is unknown or invalid.
 * @example
 * ```ts
 * connect(url, { token: newToken, via: firstMessage({ format: 'raw' }) });
 * ```
 * @publicApi
 */
export function firstMessage(options: FirstMessageWayOptions = {}): WsAuthWay {
  const { format } = settleOptions({ format: 'event' }, options, /^(event|raw)$/);
  return format === 'raw'
    ? { message: (token) => token }
    : { message: authenticateMessage, acknowledged: true };
}

/** Options of {@link subprotocol}. */
export interface SubprotocolWayOptions {
  /**
   * Beginning of the entry with the token, as in `fromSubprotocol()` of the gateway.
   *
   * @default 'bearer.'
   */
  readonly prefix?: string;
  /**
   * Name of an entry, as in `fromSubprotocol()` of the gateway: the entry that is offered before the token.
   *
   * @default none
   */
  readonly after?: string;
  /**
   * Encoding of the token, as in `fromSubprotocol()` of the gateway: `base64url` carries tokens with
   * characters that a subprotocol cannot have.
   *
   * @default 'raw'
   */
  readonly encoding?: 'raw' | 'base64url';
}

/**
 * Offers the token as a subprotocol, for gateways with `fromSubprotocol()`. If the connection offers no subprotocol of its
 * own, `nestjs-ws-auth` stands beside the token, or the entry that `after` names.
 *
 * @param options a string is the prefix
 * @throws {TypeError} for an option that is unknown or invalid.
 * @example
 * ```ts
 * connect(url, { token: newToken, via: subprotocol(), protocols: ['chat'] });
 * ```
 * @publicApi
 */
export function subprotocol(options: string | SubprotocolWayOptions = {}): WsAuthWay {
  const given = typeof options === 'string' ? { prefix: options } : { ...options };
  const { prefix, after, encoding } = given;
  settleOptions({ prefix: 'p', after: 'a', encoding: 'raw' }, given, /./);
  settleOptions({ encoding: 'raw' }, { encoding }, /^(raw|base64url)$/);
  return {
    protocols(protocols, token) {
      const value = encoding === 'base64url' ? base64url(token) : token;
      return after ? [...protocols, after, value] : protocolsWith(value, protocols, prefix);
    },
  };
}

/** Unpadded base64url of the UTF-8 bytes. */
function base64url(text: string): string {
  const bytes = String.fromCharCode(...utf8(text));
  return btoa(bytes).replace(/[+/=]/g, (each) => (each === '=' ? '' : each === '+' ? '-' : '_'));
}

/**
 * Puts the token into the query, for gateways with `fromQueryParam()`. It ends up in logs: make it a ticket.
 *
 * @param param as in `fromQueryParam()` of the gateway
 * @throws {TypeError} for what is not a name.
 * @example
 * ```ts
 * connect(url, { token: newTicket, via: queryParam('ticket') });
 * ```
 * @publicApi
 */
export function queryParam(param?: string): WsAuthWay {
  settleOptions({ param: 'token' }, { param }, /./);
  return { url: (url, token) => urlWith(url, token, param) };
}

/**
 * Puts the token in place of the user name, for gateways with `fromUserInfo()`. Browsers keep and resend it, and the global
 * WebSocket of Node.js 22 never sends it.
 *
 * @example
 * ```ts
 * connect(url, { token: newToken, via: userInfo() });
 * ```
 * @publicApi
 */
export function userInfo(): WsAuthWay {
  return {
    url: (url, token) => url.replace(/\/\/([^/?#]*@)?/, () => `//${encodeURIComponent(token)}:x@`),
  };
}
