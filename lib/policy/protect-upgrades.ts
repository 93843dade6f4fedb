import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { fromAuthorizationHeader } from '../credentials/authorization-header.extractor.js';
import { describe } from './check-option.js';
import { givenOptions, type RowsOf } from './check-options.js';
import { custom, required } from './option-rows.js';
import type { WsAuthModuleOptions } from './options.js';
import type { WsAuthPolicyOptions } from './policy-options.js';
import { policyRows } from './policy-subset.js';
import { noteUpgrades, type WsAuthUpgrades } from './upgrades.js';

/**
 * Options of `protectUpgrades()`: what the upgrades of one path demand. Options of a policy that have an effect on gateways
 * alone do not exist here.
 *
 * @publicApi
 */
export interface ProtectUpgradesOptions extends Pick<
  WsAuthPolicyOptions,
  | 'strategy'
  | 'credentials'
  | 'optional'
  | 'allowedOrigins'
  | 'authTimeoutMs'
  | 'maxCredentialBytes'
  | 'realm'
  | 'middleware'
  | 'maxSessionAgeMs'
  | 'expiryWarningMs'
  | 'maxSessionsPerUser'
  | 'onLimit'
> {
  /**
   * The path that is protected, with everything below it: `/yjs` covers `/yjs`, `/yjs/room` and `/yjs2`. Other spellings that a
   * server may read as this path, such as `/%79js` and `/x/../yjs`, are covered as well. A gateway of native WebSockets below
   * it keeps its own policy; a server of Socket.IO below it refuses to boot.
   *
   * Upgrades of all other paths reach the other server without authentication, so it has to check the path; `/` covers every path.
   */
  readonly path: string;
}

const pathSyntax = /^\/[^\s?#*{}"<>`\\%:]*$/;

function checkPath(name: string, value: unknown): string {
  if (
    typeof value !== 'string' ||
    !pathSyntax.test(value) ||
    /\/{2}|\/\.{1,2}(?:\/|$)/.test(value)
  ) {
    throw new WsAuthConfigurationError(
      `${name}: expected a path that begins with a slash and has no pattern, such as '/yjs', got ${describe(value)}`,
    );
  }
  return value;
}

/** The path of a server. */
export const pathRow = custom(checkPath);

/** The options of a policy that have an effect on a server of another package. */
export const serverPolicyRows = policyRows([
  'strategy',
  'credentials',
  'optional',
  'allowedOrigins',
  'authTimeoutMs',
  'maxCredentialBytes',
  'realm',
  'middleware',
  'maxSessionAgeMs',
  'expiryWarningMs',
  'maxSessionsPerUser',
  'onLimit',
]);

const upgradeTable = {
  path: required(pathRow),
  ...serverPolicyRows,
} satisfies RowsOf<ProtectUpgradesOptions>;

/**
 * Protects the upgrades of a WebSocket server that this package does not run, on the HTTP server of the application: Yjs, MQTT, a
 * proxy, or a server of `ws`. For `upgrades` of `WsAuthModule.forRoot()`.
 *
 * The upgrade is authenticated first and refused by its HTTP status. Then the other server receives it without its credential:
 * `sessionOf(request)` and `userOf(request)` work in the server's own hooks. The socket is destroyed when the session ends.
 *
 * @throws {WsAuthConfigurationError} for an option that is unknown or invalid.
 *
 * @example
 * ```ts
 * WsAuthModule.forRoot({ strategy: 'jwt', upgrades: [protectUpgrades({ path: '/yjs' })] })
 * ```
 * @publicApi
 */
export function protectUpgrades(options: ProtectUpgradesOptions): WsAuthUpgrades {
  const { path, ...policy } = givenOptions(upgradeTable, options, 'protectUpgrades');
  return noteUpgrades(
    Object.freeze({ path: path!, policy: Object.freeze(policy) as WsAuthPolicyOptions }),
  );
}

/**
 * The options in force on upgrades: those of the module, overridden by their own. What only gateways know is left out.
 *
 * @throws {WsAuthConfigurationError} for `fromFirstMessage()`: the messages belong to the other server.
 */
export function upgradePolicyOptions(
  module: WsAuthModuleOptions,
  { path, policy }: WsAuthUpgrades,
): WsAuthModuleOptions {
  const { rejection: _ofGateways, ...inherited } = module;
  const credentials = policy.credentials ?? inherited.credentials ?? [fromAuthorizationHeader()];
  if (credentials.some(({ phase }) => phase === 'message')) {
    throw new WsAuthConfigurationError(
      `upgrades: ${path} cannot use fromFirstMessage(), since its messages belong to another server; write ` +
        `protectUpgrades({ path: '${path}', credentials: [fromAuthorizationHeader(), fromQueryParam('token')] }) or the like`,
    );
  }
  return { ...inherited, ...policy, credentials };
}
