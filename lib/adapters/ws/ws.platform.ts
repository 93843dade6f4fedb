import type { WebSocket } from 'ws';
import type { Platform } from '../platform.js';
import { demandNoOptions } from '../../policy/check-option.js';
import type { WsAuthPlatform } from '../../policy/platform.js';
import { eventMessage } from '../../protocol/message.js';
import { endClient, failClient } from './fail-client.js';
import type { GatedWebSocket } from './gate.js';
import { holdClient, left } from './hold.js';
import { WsAuthAdapter } from './ws-auth.adapter.js';

const platform: Platform = Object.freeze({
  transport: 'ws',
  adapterName: WsAuthAdapter.name,
  createAdapter: (context) => new WsAuthAdapter().attach(context),
  isAdapter: (adapter) => adapter instanceof WsAuthAdapter,
  hasMade: (adapter, server) => (adapter as WsAuthAdapter).hasMade(server as object),
  failClient: (client, what, error) => failClient(client as WebSocket, what, error),
  refuseClient: (client, refusal) => endClient(client as WebSocket, refusal),
  emitTo: (client, event, data) => (client as WebSocket).send(eventMessage(event, data)),
  holdClient: (client, onDropped, outlives) =>
    isGated(client) ? holdClient(client, onDropped, outlives) : () => undefined,
  onClosed: (client, callback) => onLeft(client as WebSocket, callback),
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
 * @throws {WsAuthConfigurationError} for options: it has none.
 * @publicApi
 */
export function ws(...options: never[]): WsAuthPlatform {
  demandNoOptions('ws', options);
  return platform;
}

/** Whichever comes first: the client may leave while its messages are held. */
function onLeft(client: WebSocket, callback: () => void): void {
  if (client.readyState === client.CLOSED) {
    callback();
    return;
  }
  const called = () => {
    client.off('close', called);
    client.off(left, called);
    callback();
  };
  client.on('close', called);
  client.on(left, called);
}

/** A test of the application may call a hook with a client of its own. */
function isGated(client: object): client is GatedWebSocket {
  return 'wsAuthHold' in client;
}
