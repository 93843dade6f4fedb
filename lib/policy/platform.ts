import type { WsAuthTransport } from '../protocol/transport.js';

/**
 * A WebSocket platform of Nest, such as `ws()` of `nestjs-ws-auth/ws` returns.
 *
 * @publicApi
 */
export interface WsAuthPlatform {
  /** The transport of its connections. */
  readonly transport: WsAuthTransport;
}
