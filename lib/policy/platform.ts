import type { WsAuthTransport } from '../protocol/transport.js';

/**
 * A WebSocket platform of Nest, such as `ws()` of `nestjs-ws-auth/ws` returns.
 *
 * @publicApi
 */
export interface WsAuthPlatform {
  /** What carries its connections. */
  readonly transport: WsAuthTransport;
}
