import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import type { StrategyRegistry } from './strategy.js';

/**
 * The registry of a `passport` instance.
 *
 * @throws {WsAuthConfigurationError} if the installed `passport` keeps its strategies elsewhere: none could be asked.
 */
export function registryOf(passport: object): StrategyRegistry {
  const registry = passport as Partial<StrategyRegistry>;
  if (typeof registry._strategy !== 'function') {
    throw new WsAuthConfigurationError(
      'passport: the installed version keeps its strategies elsewhere; install passport@0.7',
    );
  }
  return registry as StrategyRegistry;
}
