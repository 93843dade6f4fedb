import type { WebSocket } from 'ws';
import type { Platform } from '../platform.js';
import type { WsAuthPlatform } from '../../policy/platform.js';
import { failClient } from './fail-client.js';
import { WsAuthAdapter } from './ws-auth.adapter.js';

const platform: Platform = Object.freeze({
  transport: 'ws',
  adapterName: WsAuthAdapter.name,
  createAdapter: (context) => new WsAuthAdapter().attach(context),
  isAdapter: (adapter) => adapter instanceof WsAuthAdapter,
  failClient: (client, what, error) => failClient(client as WebSocket, what, error),
} satisfies Platform);

/**
 * The platform of native WebSockets, `@nestjs/platform-ws`: for `platform` of `WsAuthModule.forRoot()`.
 *
 * Needed only where the platform of Socket.IO is installed as well.
 *
 * @example
 * ```ts
 * WsAuthModule.forRoot({ strategy: 'jwt', platform: ws() })
 * ```
 * @publicApi
 */
export function ws(): WsAuthPlatform {
  return platform;
}
