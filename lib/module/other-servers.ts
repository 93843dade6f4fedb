import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { AdapterContext, ProtectedServer } from '../adapters/adapter-context.js';
import type { UpgradeRoute } from '../adapters/route.js';
import type { SessionContext } from '../adapters/session-context.js';
import { ProtectedUpgradesRoute } from '../adapters/upgrades/protected-upgrades.route.js';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { runAll } from '../errors/run-all.js';
import { demandGatewayEffect } from '../policy/option-effects.js';
import type { WsAuthModuleOptions } from '../policy/options.js';
import { upgradePolicyOptions } from '../policy/protect-upgrades.js';
import type { WsAuthUpgrades } from '../policy/upgrades.js';

/** Makes what the sessions of a server share. */
type MakeContext = (options: WsAuthModuleOptions) => SessionContext;

/** The WebSocket servers on the HTTP server of the application that this package protects and does not run. */
export class OtherServers {
  readonly #routes: UpgradeRoute[] = [];
  readonly #served: ProtectedServer[] = [];

  constructor(private readonly context: AdapterContext) {}

  get served(): readonly ProtectedServer[] {
    return this.#served;
  }

  /**
   * Puts a route in front of a server. An application without an HTTP server has no upgrades.
   *
   * @param module the options that gateways without `@WsAuth()` have
   * @throws {WsAuthConfigurationError} for a policy that is unsafe or has no effect, and for the path of a gateway
   */
  protect(upgrades: WsAuthUpgrades, module: WsAuthModuleOptions, makeContext: MakeContext): void {
    const { path, policy: own } = upgrades;
    const options = upgradePolicyOptions(module, upgrades);
    const context = makeContext(options);
    demandGatewayEffect({ own, policy: own }, context.policy, path);
    demandFreeProperty(context.policy.property);
    const port = this.context.applicationPort;
    if (port) {
      const route = new ProtectedUpgradesRoute(context, (...upgrade) => port.passOn(...upgrade));
      port.addSubtree(path, route);
      this.#routes.push(route);
      this.#served.push({ port: 0, path, context });
    }
  }

  /** Refuses upgrades with 503 and ends the sessions, before Nest closes the HTTP server. */
  async close(): Promise<void> {
    const { applicationPort: port, shutdownTimeoutMs } = this.context;
    if (port && this.#routes.length > 0) {
      port.endWithin(shutdownTimeoutMs);
      runAll(this.#routes.map((route) => () => route.close()));
      await port.drain();
    }
  }
}

/** The user is put on the request as well, which has members of its own. */
function demandFreeProperty(property: string): void {
  if (property in new IncomingMessage(new Socket())) {
    throw new WsAuthConfigurationError(
      `property: a request has "${property}" already, and upgrades set it; choose another name, such as 'user'`,
    );
  }
}
