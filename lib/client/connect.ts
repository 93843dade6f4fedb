import type { ConnectOptions } from './options.js';
import { WsAuthSocket } from './ws-auth-socket.js';

/**
 * Connects to a gateway and stays connected and authenticated: renews the session on the open socket before it ends, and
 * connects again as the close code demands.
 *
 * @param url `ws:`, `wss:`, `http:` or `https:`; in a page, a path of its own origin as well
 * @throws {TypeError} for a URL that is not valid, an unknown option, a `token` that is not a function, and without a WebSocket.
 * @throws {RangeError} for a number among the options that is out of bounds.
 * @example
 * ```ts
 * const socket = connect('wss://api.example.com/chat', { token: newToken });
 * socket.addEventListener('message', ({ data }) => show(data));
 * socket.send(JSON.stringify({ event: 'hello' })); // waits until the token is accepted
 * ```
 * @publicApi
 */
export function connect(url: string | URL, options: ConnectOptions): WsAuthSocket {
  const { location } = globalThis as { readonly location?: { readonly href: string } };
  const { href } = new URL(url, location?.href);
  // The URL of React Native adds a slash to what is complete already.
  const given = String(url);
  const absolute = /^\w+:/.test(given) ? given : href;
  return new WsAuthSocket(absolute.replace(/^http/i, 'ws'), options);
}
