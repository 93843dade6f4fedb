import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import type { AdapterContext, ProtectedServer } from '../adapters/adapter-context.js';
import { openSubscriptions } from '../adapters/graphql-ws/open-subscriptions.js';
import type { HttpPort } from '../adapters/http-port.js';
import { isBelow } from '../adapters/path-readings.js';
import type { UpgradeRoute } from '../adapters/route.js';
import type { ServerPlatform } from '../adapters/server-platform.js';
import type { SessionContext } from '../adapters/session-context.js';
import { upgradesPlatform } from '../adapters/upgrades/upgrades.platform.js';
import { cookieBridge } from '../cookie-bridge/cookie-bridge.js';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { runAll } from '../errors/run-all.js';
import { demandGatewayEffect } from '../policy/option-effects.js';
import type { WsAuthModuleOptions } from '../policy/options.js';
import type { WsAuthTransport } from '../protocol/transport.js';
import { boundRequests, isDeferred, stopAfterServer } from './graphql-shutdown.js';
import type { ModuleSettings } from './module-settings.js';
import { subscriptionWarnings } from './subscription-warnings.js';

/** Makes what the sessions of a server share. */
type MakeContext = (options: WsAuthModuleOptions, transport: WsAuthTransport) => SessionContext;

/** Token under which `GraphQLModule` provides its options. */
const graphqlModuleOptions = 'GqlModuleOptions';

/** The WebSocket servers on the HTTP server of the application that this package protects and does not run. */
export class OtherServers {
  readonly #platforms: readonly ServerPlatform[];
  readonly #routes: UpgradeRoute[] = [];
  readonly #served: ProtectedServer[] = [];
  /** Whether a `GraphQLModule` of Apollo stops after the HTTP server because of this package. */
  #stopsLater = false;

  constructor(
    private readonly context: AdapterContext,
    { platforms, upgrades, given }: ModuleSettings,
  ) {
    // The check of the option has seen that they are platforms.
    this.#platforms = [
      ...(platforms as readonly ServerPlatform[]),
      ...upgrades.map(upgradesPlatform),
    ];
    this.#platforms.forEach((platform) => platform.prepare?.(given));
  }

  get served(): readonly ProtectedServer[] {
    return this.#served;
  }

  /**
   * Puts a route in front of each server. An application without an HTTP server has no upgrades.
   *
   * @param module the options that gateways without `@WsAuth()` have
   * @throws {WsAuthConfigurationError} for a policy that is unsafe or has no effect, for the path of a gateway or of another server, and
   *   for one that covers the path of Socket.IO
   */
  protect(module: WsAuthModuleOptions, makeContext: MakeContext): void {
    const port = this.#platforms.length > 0 ? this.context.applicationPort : undefined;
    demandOnePolicyEach(this.#platforms);
    for (const platform of this.#platforms) {
      const { path, policy: own } = platform;
      this.#demandApart(path);
      const context = makeContext(platform.optionsFor(module), platform.transport);
      demandGatewayEffect({ own, policy: own }, context.policy, path);
      demandFreeProperty(context.policy.property);
      if (port) {
        this.#install(platform, context, port);
      }
    }
  }

  /**
   * @returns warnings of subscriptions that nothing protects, or that a guard for requests refuses, and of servers that stop too early
   * @throws {WsAuthConfigurationError} where a server is not connected to what protects it
   */
  demandUse(modules: ModulesContainer, config: ApplicationConfig): readonly string[] {
    const globalPrefix = config.getGlobalPrefix();
    const options = [...modules.values()].flatMap(
      ({ providers }): unknown => providers.get(graphqlModuleOptions)?.instance ?? [],
    );
    if (this.#routes.length > 0) {
      this.#platforms.forEach((platform) => platform.demandUse?.(options, globalPrefix));
    }
    this.#stopsLater = options.some(isDeferred);
    const isProtected = (path: string) => this.#served.some((each) => isBelow(each.path!, path));
    const warnings = options.flatMap((each) => [
      ...openSubscriptions(each, globalPrefix, isProtected),
      ...stopAfterServer(each),
    ]);
    const hasSubscriptions = this.#platforms.some(({ transport }) => transport === 'graphql-ws');
    return hasSubscriptions
      ? [...warnings, ...subscriptionWarnings(modules, config.getGlobalGuards())]
      : warnings;
  }

  /** Refuses upgrades with 503 and ends the sessions, before Nest closes the HTTP server. */
  async close(): Promise<void> {
    const { applicationPort: port, httpServer, shutdownTimeoutMs } = this.context;
    if (httpServer && this.#stopsLater) {
      boundRequests(httpServer);
    }
    if (port && this.#routes.length > 0) {
      port.endWithin(shutdownTimeoutMs);
      runAll(this.#routes.map((route) => () => route.close()));
      await port.drain();
    }
  }

  /** Socket.IO takes its upgrades from the listeners: those of one that is below the path would be authenticated twice, by two policies. */
  #demandApart(path: string): void {
    for (const { port, path: own, context } of this.context.protectedServers) {
      // An empty path is the default of Socket.IO.
      const ofIo = own || '/socket.io';
      const isOfIo = port === 0 && context.policy.transport === 'socket.io';
      if (isOfIo && isBelow(path, `${ofIo}/`)) {
        throw new WsAuthConfigurationError(
          `path: ${path} covers ${ofIo} of Socket.IO as well, since it stands for all paths that begin with it; give one of them ` +
            'another path',
        );
      }
    }
  }

  #install(platform: ServerPlatform, context: SessionContext, port: HttpPort): void {
    const { path } = platform;
    const route = platform.createRoute(context, (...upgrade) => port.passOn(...upgrade));
    port.addSubtree(path, route);
    this.#routes.push(route);
    this.#served.push({ port: 0, path, context });
    // Those of the module belong to its gateways: the cookie of a bridge has the path of one server.
    for (const extractor of platform.policy.credentials ? context.policy.bridges : []) {
      port.addBridge(cookieBridge(extractor, context.policy, path));
    }
  }
}

/** Of two policies for one path the second would have no effect, whether it is of upgrades or of subscriptions. */
function demandOnePolicyEach(platforms: readonly ServerPlatform[]): void {
  const paths = platforms.map(({ path }) => path);
  const twice = paths.find((path, index) =>
    paths.slice(0, index).some((other) => isBelow(path, other) && isBelow(other, path)),
  );
  if (twice !== undefined) {
    throw new WsAuthConfigurationError(
      `path: ${twice} is protected twice, and only one policy would count; list its server once, under platforms or under upgrades`,
    );
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
