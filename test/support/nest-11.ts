import { createRequire } from 'node:module';

const { version } = createRequire(import.meta.url)('@nestjs/core/package.json') as {
  readonly version: string;
};

const isNest12 = Number.parseInt(version, 10) >= 12;

/**
 * What Nest does from version 12 on, and Nest 11 does not: everything in which the tests of e2e, lifecycle and security differ.
 *
 * A test that reads an entry states what happens without it, so that every test runs on both versions (`npm run test:nest-11`).
 */
export const nestDoes = {
  /**
   * The exception filter of Nest 11 calls `client.emit('exception', …)`, which sends nothing through a socket of `ws`. Sockets of
   * protected gateways send it themselves (lib/adapters/ws/gated-web-socket.ts); stock and public ones behave as Nest does.
   */
  sendExceptions: isNest12,

  /**
   * Nest 11 binds the gateways without the global enhancers of the application. A global `WsAuthGuard` would guard nothing, so
   * the application refuses to boot (lib/guards/global-guards.ts).
   */
  runGlobalGuards: isNest12,

  /** Nest 11 calls `handleDisconnect(client)` without the close code, whatever the adapter passes on. */
  passCloseCodes: isNest12,

  /**
   * Nest 11 creates no instance per client of a gateway with request-scoped dependencies. Its handlers run without those
   * dependencies, so they fail.
   */
  createScopedGateways: isNest12,

  /**
   * Nest 11 keeps repeated slashes in a path that does not begin with one. `WsAuthAdapter` collapses them on both versions, as
   * Nest 11 does behind a leading slash.
   */
  collapseSlashesOfRelativePaths: isNest12,

  /** `WsAdapter` of Nest 11 iterates over the clients of a server that does not track them, and the application fails to close. */
  closeServersWithoutTracking: isNest12,

  /** `IoAdapter` of Nest 11 leaves what an exception filter throws to RxJS, which throws it from a timer. */
  catchErrorsOfFilters: isNest12,

  /** `FastifyAdapter` of Nest 11 takes the path of a Unix socket for a port. */
  listenOnUnixSocketsByFastify: isNest12,

  /** `@nestjs/graphql` for Nest 11 passes `onClose` on to graphql-ws, and not `onPing`. */
  passPingsOfGraphql: isNest12,
} as const;
