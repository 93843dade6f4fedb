import { ContainedLogger } from '../../events/contained-logger.js';
import { WsAuthConfigurationError } from '../../errors/ws-auth.error.js';
import { givenOptions, type RowsOf } from '../../policy/check-options.js';
import { gatewayOptions } from '../../policy/option-table.js';
import type { WsAuthModuleOptions } from '../../policy/options.js';
import type { WsAuthPolicyOptions } from '../../policy/policy-options.js';
import { policyRows } from '../../policy/policy-subset.js';
import {
  pathRow,
  serverPolicyRows,
  type ProtectUpgradesOptions,
} from '../../policy/protect-upgrades.js';
import type { WsAuthServerPlatform } from '../../policy/server-platform.js';
import type { UpgradeRoute } from '../route.js';
import type { PassOn, ServerPlatform } from '../server-platform.js';
import type { SessionContext } from '../session-context.js';
import { demandHooks } from './check-hooks.js';
import { containedHooks } from './contained-hooks.js';
import { contextMembers, extraOf, isKnown, type GraphqlWsContext } from './graphql-context.js';
import { GraphqlRoute, type OnConnect } from './graphql-route.js';
import { demandGuarding, noteGuarding } from './guarding-hooks.js';
import { demandReachable, servesEvents } from './reachable.js';

/**
 * Options of {@link graphqlWs}: what its connections demand. Every field overrides the module's.
 *
 * @publicApi
 */
export interface GraphqlWsOptions
  extends
    Omit<ProtectUpgradesOptions, 'path'>,
    Pick<WsAuthPolicyOptions, 'maxReauthenticationsPerMinute' | 'maxBufferedBytes'> {
  /**
   * Path of the GraphQL server, with the global prefix.
   *
   * @default '/graphql'
   */
  readonly path?: string;
}

const table = {
  path: pathRow,
  ...serverPolicyRows,
  ...policyRows(['maxReauthenticationsPerMinute', 'maxBufferedBytes']),
} satisfies RowsOf<GraphqlWsOptions>;

/**
 * The options of graphql-ws that {@link GraphqlWsSubscriptions.options} sets, so that subscriptions are protected.
 *
 * @publicApi
 */
export interface GraphqlWsGuardedOptions {
  /** Time in milliseconds that a client has for `connection_init`: `authTimeoutMs`. */
  readonly connectionInitWaitTimeout: number;
  /** Authenticates, and then runs `onConnect` of the application. */
  readonly onConnect: (context: GraphqlWsContext) => Promise<Record<string, unknown> | boolean>;
}

/**
 * Protected subscriptions, as {@link graphqlWs} returns them: for `platforms` of the module.
 *
 * @publicApi
 */
export interface GraphqlWsSubscriptions extends WsAuthServerPlatform {
  /**
   * The options for graphql-ws: `subscriptions: { 'graphql-ws': subscriptions.options() }` of `GraphQLModule`, or
   * `useServer({ schema, ...subscriptions.options() }, server)`.
   *
   * @param theirs options of the application, such as `onConnect`, `onSubscribe` and `context`. Its `onConnect` runs when the connection
   *   has a session: `false` refuses it, and an object is sent with the acknowledgement.
   * @throws {WsAuthConfigurationError} for `connectionInitWaitTimeout`, which is `authTimeoutMs`, and for a misspelt name or a hook that
   *   is not a function
   */
  options<Theirs extends object>(
    theirs?: Theirs,
  ): Omit<Theirs, keyof GraphqlWsGuardedOptions> & GraphqlWsGuardedOptions;
}

/**
 * Protects the subscriptions of graphql-ws: of `@nestjs/graphql` with its drivers, or of a server of its own.
 *
 * The upgrade is decided first, by its headers, query and cookies. Without a credential there, `connection_init` is the first
 * message. No operation runs without a session, and none outlives it.
 *
 * @throws {WsAuthConfigurationError} for an option that is unknown or invalid.
 *
 * @example
 * ```ts
 * const subscriptions = graphqlWs({ path: '/graphql' });
 * WsAuthModule.forRoot({ strategy: 'jwt', platforms: [subscriptions] });
 * GraphQLModule.forRoot<ApolloDriverConfig>({
 *   driver: ApolloDriver,
 *   subscriptions: { 'graphql-ws': subscriptions.options() },
 * });
 * ```
 * @publicApi
 */
export function graphqlWs(options: GraphqlWsOptions = {}): GraphqlWsSubscriptions {
  const { path = '/graphql', ...policy } = givenOptions(table, options, 'graphqlWs');
  return new GraphqlWsPlatform(path, policy as WsAuthPolicyOptions);
}

class GraphqlWsPlatform implements ServerPlatform, GraphqlWsSubscriptions {
  readonly transport = 'graphql-ws';
  readonly #logger = new ContainedLogger('WsAuth');
  /** One for each application that has the same subscriptions among its `platforms`. */
  #routes: readonly GraphqlRoute[] = [];
  #authTimeoutMs: number | undefined;
  #isUsed = false;
  /** Whether the log has why clients are refused. */
  #isReported = false;

  constructor(
    readonly path: string,
    readonly policy: WsAuthPolicyOptions,
  ) {}

  options<Theirs extends object>(theirs?: Theirs) {
    if (theirs !== undefined) {
      demandHooks(theirs);
    }
    this.#isUsed = true;
    const { onConnect } = (theirs ?? {}) as { onConnect?: OnConnect };
    const waitTimeout = () => this.#initWaitTimeout;
    const hooks = {
      ...containedHooks(theirs ?? {}),
      onConnect: (context: GraphqlWsContext) => this.#connect(context, onConnect),
    };
    noteGuarding(hooks, theirs ?? {});
    const guarded = {
      ...theirs,
      ...hooks,
      // Read when the server is made, and the options of the module are known by then.
      get connectionInitWaitTimeout(): number {
        return waitTimeout();
      },
    };
    return guarded as Omit<Theirs, keyof GraphqlWsGuardedOptions> & GraphqlWsGuardedOptions;
  }

  prepare({ authTimeoutMs }: WsAuthModuleOptions): void {
    this.#authTimeoutMs = this.policy.authTimeoutMs ?? authTimeoutMs;
  }

  optionsFor(module: WsAuthModuleOptions): WsAuthModuleOptions {
    const { rejection: _ofGateways, closeCodes: _ofGateway, ...inherited } = module;
    const { property } = module;
    if (property !== undefined && contextMembers.includes(property)) {
      throw new WsAuthConfigurationError(
        `property: the context of graphql-ws has "${property}" already; choose another name, such as 'user'`,
      );
    }
    return { ...inherited, ...this.policy };
  }

  createRoute(context: SessionContext, passOn: PassOn): UpgradeRoute {
    this.#authTimeoutMs = context.policy.authTimeoutMs;
    const route = new GraphqlRoute(context, passOn);
    this.#routes = [route, ...this.#routes.filter(({ isClosing }) => !isClosing)];
    return route;
  }

  demandUse(modules: readonly unknown[], globalPrefix: string): void {
    if (!this.#isUsed) {
      throw new WsAuthConfigurationError(
        `platforms: options() of graphqlWs({ path: '${this.path}' }) was not called, so that its server would accept every client; write ` +
          "subscriptions: { 'graphql-ws': subscriptions.options() } in GraphQLModule.forRoot()",
      );
    }
    for (const module of modules) {
      demandReachable(module);
      demandGuarding(module, this.path, globalPrefix);
    }
    if (modules.some(servesEvents)) {
      this.#logger.warn(
        'graphqlWs: Yoga serves subscriptions over HTTP as well, as server-sent events, which no session stands in front of; put ' +
          '@UseGuards(WsAuthGuard) on their resolvers, which refuses what comes without a session',
      );
    }
  }

  get #initWaitTimeout(): number {
    return this.#authTimeoutMs ?? gatewayOptions.authTimeoutMs.default;
  }

  async #connect(
    context: GraphqlWsContext,
    onConnect: OnConnect | undefined,
  ): Promise<Record<string, unknown> | boolean> {
    if (!isKnown(context)) {
      this.#report(
        'this version of graphql-ws is unknown (extra), or its server does not stand on ws; install graphql-ws 6, or a newer version of ' +
          'this package',
      );
      return false;
    }
    const { request } = extraOf(context);
    const route = this.#routes.find((each) => each.expects(request)) ?? this.#routes[0];
    if (!route) {
      this.#report(
        `the module does not know graphqlWs({ path: '${this.path}' }); list the same subscriptions in its options: ` +
          'WsAuthModule.forRoot({ platforms: [subscriptions] })',
      );
    }
    const payload = (await route?.connect(context, onConnect)) ?? false;
    return payload as Record<string, unknown> | false;
  }
  /** Once: clients could fill the log. */
  #report(reason: string): void {
    if (!this.#isReported) {
      this.#isReported = true;
      this.#logger.error(`graphqlWs: clients of ${this.path} are refused, since ${reason}`);
    }
  }
}
