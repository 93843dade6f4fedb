import { WsAuthConfigurationError } from '../../../errors/ws-auth.error.js';
import { ContainedLogger } from '../../../events/contained-logger.js';
import type { IoServer } from '../platform-types.js';
import type { Engine, EngineConnection, EngineRequest } from './engine.js';
import { hasKnownBound, hasKnownInflater } from './payload-limits.js';

/**
 * Refuses a version of Socket.IO whose private members are other ones than those the gates stand on: its gateways would be open.
 *
 * @throws {WsAuthConfigurationError} that names what is missing
 */
export function demandKnownInternals(server: IoServer): void {
  const namespace = server.of('/') as unknown as Record<string, unknown>;
  const maps = server as unknown as Record<string, unknown>;
  const engine = server.engine as unknown as Record<string, unknown>;
  const absent = [
    ...missing(namespace, ['_doConnect', '_remove', 'use']),
    ...(Array.isArray(namespace['_fns']) ? [] : ['_fns']),
    ...['_preConnectSockets', 'sockets'].filter((name) => !(namespace[name] instanceof Map)),
    ...['_nsps', 'parentNsps'].filter((name) => !(maps[name] instanceof Map)),
    ...missing(engine, ['use', 'verify']),
    ...(typeof engine['clients'] === 'object' ? [] : ['clients']),
  ];
  if (absent.length > 0) {
    throw new WsAuthConfigurationError(
      `WsAuthIoAdapter: this version of socket.io is unknown (${absent.join(', ')}), so its gateways could not be protected; ` +
        'install socket.io 4.8, or a newer version of this package',
    );
  }
}

/**
 * Warns of a `wsEngine` that takes TCP sockets from Node.js, such as `eiows`: nothing bounds what they receive but the engine itself.
 * Engine.io distinguishes it from `ws` in the same way.
 */
export function warnOfDetachedSockets({ ws, opts }: Engine): void {
  if (ws && typeof ws.on !== 'function') {
    new ContainedLogger('WsAuth').warn(
      `wsEngine: it reads its sockets without Node.js, so that a client may send maxHttpBufferSize (${opts.maxHttpBufferSize} bytes) in one ` +
        'message before it has authenticated, and a client that is refused is disconnected when the engine does it; lower ' +
        'maxHttpBufferSize, or remove wsEngine',
    );
  }
}

/** Members of a connection that the gates replace. */
const ofConnection = ['sendPacket', '_maybeUpgrade', 'close'];
const ofSocket = ['_onpacket', '_onclose', '_error', '_cleanup', 'ack'];

/** Checks what does not exist at boot: connections and clients. Those of an unknown version are refused, and the log has the reason, once. */
export class VersionCheck {
  #isReported = false;

  /** Whether a connection has the members that the gates replace, polling its bound, and a WebSocket that of its inflater. */
  knowsConnection(conn: EngineConnection): boolean {
    const { transport } = conn;
    const hasBound = transport.name !== 'polling' || hasKnownBound(transport);
    return this.#isComplete([
      ...missing(conn, ofConnection),
      ...(hasBound ? [] : ['maxHttpBufferSize']),
      ...(hasKnownInflater(transport) ? [] : ['_extensions']),
    ]);
  }

  /** Whether a request to the engine has its query where the gates read it. */
  knowsRequest({ _query: query }: Partial<Pick<EngineRequest, '_query'>>): boolean {
    return this.#isComplete(typeof query === 'object' ? [] : ['_query']);
  }

  /** Whether a client has them. */
  knowsSocket(socket: object): boolean {
    return this.#isComplete(missing(socket, ofSocket));
  }

  #isComplete(absent: readonly string[]): boolean {
    if (absent.length > 0 && !this.#isReported) {
      this.#isReported = true;
      new ContainedLogger('WsAuth').error(
        `clients are refused, since this version of socket.io or engine.io is unknown (${absent.join(', ')}); install socket.io 4.8, or ` +
          'a newer version of this package',
      );
    }
    return absent.length === 0;
  }
}

function missing(value: object, names: readonly string[]): string[] {
  return names.filter((name) => typeof (value as Record<string, unknown>)[name] !== 'function');
}
