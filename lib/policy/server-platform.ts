import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import type { WsAuthTransport } from '../protocol/transport.js';
import { describe } from './check-option.js';

/**
 * A server of another package that this package protects by its protocol, such as `graphqlWs()` of `nestjs-ws-auth/graphql-ws`
 * returns.
 *
 * @publicApi
 */
export interface WsAuthServerPlatform {
  /** The transport of its connections. */
  readonly transport: WsAuthTransport;
  /** The path of its upgrades. */
  readonly path: string;
}

/** Catches passing the function without calling it, and a platform of gateways. */
export function checkServerPlatforms(
  name: string,
  value: unknown,
): readonly WsAuthServerPlatform[] {
  if (!Array.isArray(value) || !value.every(isServerPlatform)) {
    throw new WsAuthConfigurationError(
      `${name}: expected a list of graphqlWs() of nestjs-ws-auth/graphql-ws, got ${describe(value)}; gateways have ` +
        'platform: ws() or platform: socketIo()',
    );
  }
  if (new Set(value).size < value.length) {
    throw new WsAuthConfigurationError(`${name}: one server is listed twice`);
  }
  return Object.freeze([...value]);
}

function isServerPlatform(value: unknown): value is WsAuthServerPlatform {
  const { path, createRoute } = (value ?? {}) as { path?: unknown; createRoute?: unknown };
  return typeof path === 'string' && typeof createRoute === 'function';
}
