import { WsAuthConfigurationError } from '../../errors/ws-auth.error.js';
import { adviceOnUnknown, portIsFirst } from '../unknown-option.js';
import type { IoServerOptions } from './platform-types.js';

/** Names of the options of a server; `namespace` is that of a gateway. */
const known = {
  adapter: true,
  addTrailingSlash: true,
  allowEIO3: true,
  allowRequest: true,
  allowUpgrades: true,
  cleanupEmptyChildNamespaces: true,
  connectTimeout: true,
  connectionStateRecovery: true,
  cookie: true,
  cors: true,
  destroyUpgrade: true,
  destroyUpgradeTimeout: true,
  httpCompression: true,
  httpRequestBodyTimeout: true,
  initialPacket: true,
  maxBufferedChunks: true,
  maxHttpBufferSize: true,
  namespace: true,
  parser: true,
  path: true,
  perMessageDeflate: true,
  pingInterval: true,
  pingTimeout: true,
  serveClient: true,
  transports: true,
  upgradeTimeout: true,
  wsEngine: true,
} as const satisfies Record<keyof IoServerOptions | NewerOption | 'namespace', true>;

/** Options of newer versions than the types know. */
type NewerOption = 'httpRequestBodyTimeout' | 'maxBufferedChunks';

const names = Object.keys(known);

/**
 * Refuses options that Socket.IO ignores: the developer who wrote them expects an effect, such as a bound.
 *
 * @throws {WsAuthConfigurationError} that names the option and the fix
 */
export function demandKnownOptions(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    // A text in the place of the port is refused with the name of its gateway.
    const isKnown = Object.hasOwn(known, name) || /^\d+$/.test(name);
    if (value !== undefined && !isKnown) {
      const advice =
        name === 'port' ? portIsFirst : adviceOnUnknown(name, { names, transport: 'Socket.IO' });
      throw new WsAuthConfigurationError(`${name}: ${advice}`);
    }
  }
}
