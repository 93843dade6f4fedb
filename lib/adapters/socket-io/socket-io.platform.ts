import { demandNoOptions } from '../../policy/check-option.js';
import type { WsAuthPlatform } from '../../policy/platform.js';
import type { Platform } from '../platform.js';
import { endSocket, failSocket } from './end-socket.js';
import type { IoSocket } from './platform-types.js';
import { gateOf } from './socket-gate.js';
import { WsAuthIoAdapter } from './socket-io-auth.adapter.js';

const platform: Platform = Object.freeze({
  transport: 'socket.io',
  hasNamespaces: true,
  namespaceOf: (client) => (client as IoSocket).nsp.name,
  adapterName: WsAuthIoAdapter.name,
  createAdapter: (context) => new WsAuthIoAdapter().attach(context),
  isAdapter: (adapter) => adapter instanceof WsAuthIoAdapter,
  hasMade: (adapter, server) => (adapter as WsAuthIoAdapter).hasMade(Object(server) as object),
  failClient: (client, what, error) => failSocket(client as IoSocket, what, error),
  refuseClient: (client, refusal) => endSocket(client as IoSocket, refusal),
  emitTo: (client, event, data) => void (client as IoSocket).emit(event, data),
  holdClient: (client, onDropped) => gateOf(client)?.hold(onDropped) ?? (() => undefined),
  onClosed: (client, callback) => onLeft(client as IoSocket, callback),
} satisfies Platform);

/**
 * The platform of Socket.IO, `@nestjs/platform-socket.io`: for `platform` of `WsAuthModule.forRoot()`.
 *
 * Needed only where the platform of native WebSockets is installed as well.
 *
 * @example
 * ```ts
 * WsAuthModule.forRoot({ strategy: 'jwt', platform: socketIo() })
 * ```
 * @throws {WsAuthConfigurationError} for options: it has none.
 * @publicApi
 */
export function socketIo(...options: never[]): WsAuthPlatform {
  demandNoOptions('socketIo', options);
  return platform;
}

function onLeft(client: IoSocket, callback: () => void): void {
  if (client.disconnected) {
    callback();
  } else {
    client.once('disconnect', callback);
  }
}
