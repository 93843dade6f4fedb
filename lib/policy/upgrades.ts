import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { describe } from './check-option.js';
import type { WsAuthPolicyOptions } from './policy-options.js';

/**
 * Protected upgrades of one path, as `protectUpgrades()` returns them.
 *
 * @publicApi
 */
export interface WsAuthUpgrades {
  /** The path that is protected, with everything below it. */
  readonly path: string;
  /** What its upgrades demand; the rest is inherited from the module. */
  readonly policy: WsAuthPolicyOptions;
}

/** A copy may have another path, which nothing has checked, and which matches no upgrade. */
const made = new WeakSet<object>();

/** Notes what `protectUpgrades()` has made. */
export function noteUpgrades(upgrades: WsAuthUpgrades): WsAuthUpgrades {
  made.add(upgrades);
  return upgrades;
}

/** Catches passing the options of `protectUpgrades()` without calling it, a copy of what it returns, and two policies for one path. */
export function checkUpgrades(name: string, value: unknown): readonly WsAuthUpgrades[] {
  if (!Array.isArray(value) || !value.every(isUpgrades)) {
    throw new WsAuthConfigurationError(
      `${name}: expected a list of protectUpgrades({ path }), as it returns them, got ${describe(value)}`,
    );
  }
  const paths = value.map(({ path }) => path.toLowerCase());
  const twice = paths.find((path, index) => paths.indexOf(path) !== index);
  if (twice !== undefined) {
    throw new WsAuthConfigurationError(`${name}: ${twice} is listed twice; give it one policy`);
  }
  return Object.freeze([...value]);
}

function isUpgrades(value: unknown): value is WsAuthUpgrades {
  return made.has(Object(value) as object);
}
