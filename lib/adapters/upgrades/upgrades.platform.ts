import { upgradePolicyOptions } from '../../policy/protect-upgrades.js';
import type { WsAuthUpgrades } from '../../policy/upgrades.js';
import type { ServerPlatform } from '../server-platform.js';
import { ProtectedUpgradesRoute } from './protected-upgrades.route.js';

/** Protected upgrades in the form of a platform. */
export function upgradesPlatform(upgrades: WsAuthUpgrades): ServerPlatform {
  const { path, policy } = upgrades;
  return {
    transport: 'ws',
    path,
    policy,
    optionsFor: (module) => upgradePolicyOptions(module, upgrades),
    createRoute: (context, passOn) => new ProtectedUpgradesRoute(context, passOn),
  };
}
