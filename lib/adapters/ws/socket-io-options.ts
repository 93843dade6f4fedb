import { WsAuthConfigurationError } from '../../errors/ws-auth.error.js';

const anotherPlatform =
  'it is an option of Socket.IO, and this gateway is served by native WebSockets; remove it, or install @nestjs/platform-socket.io';

/** Options of `@WebSocketGateway()` that only Socket.IO reads, and what to write instead. */
const optionsOfSocketIo: ReadonlyMap<string, string> = new Map([
  [
    'namespace',
    'native WebSockets have none; give the gateway a path of its own, or install @nestjs/platform-socket.io if its clients are of Socket.IO',
  ],
  ['cors', 'native WebSockets have no CORS; name the origins of your pages in allowedOrigins'],
  ...[
    'addTrailingSlash',
    'allowEIO3',
    'allowRequest',
    'allowUpgrades',
    'cleanupEmptyChildNamespaces',
    'connectTimeout',
    'connectionStateRecovery',
    'cookie',
    'destroyUpgrade',
    'destroyUpgradeTimeout',
    'httpCompression',
    'httpRequestBodyTimeout',
    'initialPacket',
    'maxHttpBufferSize',
    'parser',
    'pingInterval',
    'pingTimeout',
    'serveClient',
    'transports',
    'upgradeTimeout',
    'wsEngine',
  ].map((name) => [name, anotherPlatform] as const),
]);

/**
 * Refuses a gateway that was written for Socket.IO: its clients would be answered with 404, or none of its rules would hold.
 *
 * @throws {WsAuthConfigurationError} that names the option
 */
export function refuseOptionsOfSocketIo(options: { readonly path?: string | undefined }): void {
  for (const [name, advice] of optionsOfSocketIo) {
    const value = (options as Record<string, unknown>)[name];
    if (value !== undefined && value !== false) {
      const { path = '/' } = options;
      throw new WsAuthConfigurationError(`${name}: ${advice} (gateway ${path})`);
    }
  }
}
