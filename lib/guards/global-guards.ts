import type { ApplicationConfig } from '@nestjs/core';
import { SocketModule } from '@nestjs/websockets/socket-module.js';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { WsAuthGuard } from './ws-auth.guard.js';

/**
 * Refuses a global `WsAuthGuard` that Nest does not run for gateways: it would guard nothing, and anonymous clients of an
 * `optional` gateway would reach every handler.
 *
 * @throws {WsAuthConfigurationError} for `APP_GUARD` and `useGlobalGuards()` on Nest 11, and for an `APP_GUARD` with a scope on
 *   Nest 12, which runs it for gateways with a scope only
 */
export function checkGlobalGuards(config: ApplicationConfig): void {
  if (!runsGlobalGuards() && (isGlobal(config) || isScoped(config))) {
    throw new WsAuthConfigurationError(
      'WsAuthGuard: this version of Nest does not run global guards for gateways, so APP_GUARD and useGlobalGuards() guard ' +
        'nothing; put @UseGuards(WsAuthGuard) on the gateways or on their handlers, or upgrade to Nest 12',
    );
  }
  if (isScoped(config)) {
    throw new WsAuthConfigurationError(
      'WsAuthGuard: Nest does not run a request-scoped or transient APP_GUARD for gateways, so it guards nothing; ' +
        'take its scope away, or put @UseGuards(WsAuthGuard) on the gateways or on their handlers',
    );
  }
}

/** Nest 12 passes its global enhancers to what creates the handlers of gateways, as the second parameter. */
export function runsGlobalGuards(): boolean {
  const getContextCreator = Reflect.get(SocketModule.prototype, 'getContextCreator') as
    ((...parameters: never[]) => unknown) | undefined;
  return (getContextCreator?.length ?? 0) > 1;
}

function isGlobal(config: ApplicationConfig): boolean {
  return config.getGlobalGuards().some((guard) => guard instanceof WsAuthGuard);
}

/** Nest keeps guards with a scope apart, and makes them for each request. */
function isScoped(config: ApplicationConfig): boolean {
  return config.getGlobalRequestGuards().some(({ metatype }) => isGuard(metatype));
}

function isGuard(metatype: unknown): boolean {
  return (
    typeof metatype === 'function' &&
    (metatype === WsAuthGuard || metatype.prototype instanceof WsAuthGuard)
  );
}
