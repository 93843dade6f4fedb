import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WsAuthModuleOptions } from '../policy/options.js';
import type { WsAuthPolicyOptions } from '../policy/policy-options.js';
import type { WsAuthServerPlatform } from '../policy/server-platform.js';
import type { UpgradeRoute } from './route.js';
import type { SessionContext } from './session-context.js';

/** Hands an upgrade to the other listeners of the HTTP server. */
export type PassOn = (request: IncomingMessage, socket: Duplex) => void;

/** What the module asks of a server of another package. */
export interface ServerPlatform extends WsAuthServerPlatform {
  /** The part of the policy that is its own. */
  readonly policy: WsAuthPolicyOptions;
  /**
   * The options in force.
   *
   * @param module the options that gateways without `@WsAuth()` have
   * @throws {WsAuthConfigurationError} for a policy that the server cannot have
   */
  optionsFor(module: WsAuthModuleOptions): WsAuthModuleOptions;
  /** Called as soon as the options of the module are known. */
  prepare?(module: WsAuthModuleOptions): void;
  createRoute(context: SessionContext, passOn: PassOn): UpgradeRoute;
  /** @throws {WsAuthConfigurationError} if the application has booted and does not use what protects the server */
  demandUse?(modules: readonly unknown[], globalPrefix: string): void;
}
