import type { ModulesContainer } from '@nestjs/core';
import { checksUsers, guardName } from '../guards/http-guards.js';

/**
 * Warnings of guards that check more of a user than the strategy does: they run for HTTP requests alone, so that a user whom they refuse,
 * such as one that is banned, would have a session all the same.
 */
export function userCheckWarnings(
  modules: ModulesContainer,
  globalGuards: readonly unknown[],
): readonly string[] {
  // Nest keeps the guards of @UseGuards() as injectables, and those of APP_GUARD that are made for each request as providers.
  const classes = [...modules.values()].flatMap(({ injectables, providers }) =>
    [...injectables.values(), ...providers.values()].map(({ metatype }): unknown => metatype),
  );
  const names = new Set([...classes, ...globalGuards].filter(checksUsers).map(guardName));
  return [...names].map(
    (name) =>
      `${name}.handleRequest() runs for HTTP requests alone, so that what it checks of the user does not hold for clients of gateways; ` +
      'check it in validate() of the strategy',
  );
}
