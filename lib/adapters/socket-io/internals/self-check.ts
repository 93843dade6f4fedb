import { WsAuthConfigurationError } from '../../../errors/ws-auth.error.js';
import type { IoServer } from '../platform-types.js';
import type { EngineConnection } from './engine.js';
import { hasKnownBound } from './payload-limits.js';

/**
 * Refuses a version of Socket.IO whose private members are other ones than those the gates stand on: its gateways would be open.
 *
 * @throws {WsAuthConfigurationError} that names what is missing
 */
export function demandKnownInternals(server: IoServer): void {
  const namespace = server.of('/') as unknown as Record<string, unknown>;
  const maps = server as unknown as Record<string, unknown>;
  const engine = server.engine as unknown as Record<string, unknown>;
  const missing = [
    ...['_doConnect', '_remove', 'use'].filter((name) => typeof namespace[name] !== 'function'),
    ...(Array.isArray(namespace['_fns']) ? [] : ['_fns']),
    ...(namespace['_preConnectSockets'] instanceof Map ? [] : ['_preConnectSockets']),
    ...['_nsps', 'parentNsps'].filter((name) => !(maps[name] instanceof Map)),
    ...['use', 'verify'].filter((name) => typeof engine[name] !== 'function'),
    ...(typeof engine['clients'] === 'object' ? [] : ['clients']),
  ];
  if (missing.length > 0) {
    throw new WsAuthConfigurationError(
      `WsAuthIoAdapter: this version of socket.io is unknown (${missing.join(', ')}), so its gateways could not be protected; ` +
        'install socket.io 4.8, or a newer version of this package',
    );
  }
}

/** Members of a connection that the gates replace. */
const ofConnection = ['sendPacket', '_maybeUpgrade', 'close'];
const ofSocket = ['_onpacket', '_onclose', '_error', '_cleanup', 'ack'];

/** Whether a connection has them, and polling its bound. One that has not is closed. */
export function isKnownConnection(conn: EngineConnection): boolean {
  const { transport } = conn;
  return has(conn, ofConnection) && (transport.name !== 'polling' || hasKnownBound(transport));
}

/** Whether a client has them. */
export function isKnownSocket(socket: object): boolean {
  return has(socket, ofSocket);
}

function has(value: object, names: readonly string[]): boolean {
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
}
