import type { ConnectOptions } from './options.js';
import { WsAuthSocket } from './ws-auth-socket.js';

/**
 * Connects to a gateway and stays connected and authenticated: renews the session on the open socket before it ends, and
 * connects again as the close code says.
 *
 * @param url `ws:`, `wss:`, `http:` or `https:`; in a page, a path of its own origin as well
 * @throws {TypeError} for a URL that is none, and where there is no WebSocket.
 * @publicApi
 */
export function connect(url: string | URL, options: ConnectOptions): WsAuthSocket {
  const { location } = globalThis as { readonly location?: { readonly href: string } };
  const { href } = new URL(url, location?.href);
  return new WsAuthSocket(href.replace(/^http/, 'ws'), options);
}
