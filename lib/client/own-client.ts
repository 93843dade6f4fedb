import { eventMessage } from '../protocol/message.js';

/**
 * Puts a token into the query of a URL, for gateways with `fromQueryParam()`.
 *
 * URLs end up in logs, so the token should live for seconds, or be a ticket.
 *
 * @param param name of the parameter
 * @throws {TypeError} for a URL that is not absolute.
 * @example
 * ```ts
 * const socket = new WebSocket(urlWith('wss://api.example.com/chat', ticket, 'ticket'));
 * ```
 * @publicApi
 */
export function urlWith(url: string | URL, token: string, param = 'token'): string {
  const address = new URL(url);
  address.searchParams.set(param, token);
  return address.href;
}

/**
 * Adds a token to the subprotocols that a client offers, for gateways with `fromSubprotocol()`.
 *
 * The server answers one of the real ones and never the token, and Chromium fails a connection that answers none: so there
 * is always a real one.
 *
 * @param token characters of an RFC 9110 token, such as those of a JWT; no `=` and no `/`
 * @example
 * ```ts
 * const socket = new WebSocket(url, protocolsWith(token, ['chat']));
 * ```
 * @publicApi
 */
export function protocolsWith(
  token: string,
  protocols: string | readonly string[] = [],
  prefix = 'bearer.',
): string[] {
  const real = [protocols].flat();
  return [...(real[0] ? real : ['nestjs-ws-auth']), prefix + token];
}

/**
 * The message that authenticates a connection: the first one for gateways with `fromFirstMessage()`, and the renewal on an
 * open one for all gateways.
 *
 * @param event name of the event, if the server has given it another
 * @example
 * ```ts
 * const socket = new WebSocket(url);
 * socket.onopen = () => socket.send(authenticateMessage(token));
 * ```
 * @publicApi
 */
export function authenticateMessage(token: string, event = 'authenticate'): string {
  return eventMessage(event, { token });
}
