import type { Server } from 'node:http';
import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { ContainedLogger } from '../events/contained-logger.js';
import {
  ApplicationConfig,
  ExternalContextCreator,
  HttpAdapterHost,
  ModuleRef,
  ModulesContainer,
} from '@nestjs/core';
import passport from 'passport';
import { FailureLimits } from '../authentication/failure-limits.js';
import { PendingBudget } from '../authentication/pending-budget.js';
import { HttpPort } from '../adapters/http-port.js';
import type { SessionContext } from '../adapters/session-context.js';
import { RefusalReporter } from '../adapters/refusal-reporter.js';
import type { WsAuthEvents } from '../events/ws-auth-events.js';
import { failureLimiters } from '../policy/failure-limiter.js';
import { LiveSessions } from '../sessions/live-sessions.js';
import { sessionOf } from '../sessions/client-session.js';
import type { Refusal } from '../protocol/refusal.js';
import { checkDrain, SessionDrain } from '../sessions/session-drain.js';
import { RevocationLedger } from '../sessions/revocation-ledger.js';
import type { AdapterContext, ExpectClient, ProtectedServer } from '../adapters/adapter-context.js';
import type { Platform } from '../adapters/platform.js';
import { runAll } from '../errors/run-all.js';
import { checkGlobalGuards } from '../guards/global-guards.js';
import { observeRegistrations } from '../passport/registrations.js';
import { Strategies } from '../passport/strategies.js';
import { registryOf } from '../passport/registry.js';
import type { StrategyRegistry } from '../passport/strategy.js';
import type { WsAuthModuleOptions } from '../policy/options.js';
import { demandGatewayEffect, demandModuleEffect } from '../policy/option-effects.js';
import { proxyTrust, type ProxyTrust } from '../policy/proxy-trust.js';
import { ticketStrategyName, TicketStrategy } from '../tickets/ticket.strategy.js';
import { NodeState } from './node-state.js';
import { reportBoot } from './boot-report.js';
import { GatewayHooks } from './gateway-hooks.js';
import { demandPassedOptions } from './gateway-options.js';
import { GatewayPolicies } from './gateway-policies.js';
import { passportOptionsIn } from './passport-options.js';
import { refuseIgnoredDecorators } from './ignored-decorators.js';
import { mergeOptions } from './merged-options.js';
import { OtherServers } from './other-servers.js';
import { demandOwnAdapter, demandServed, installAdapter } from './own-adapter.js';
import { ProvidedStrategies } from './provided-strategies.js';
import { SessionContexts } from './session-contexts.js';
import { WS_AUTH_PLATFORM, WS_AUTH_SETTINGS, type ModuleSettings } from './module-settings.js';
import { WS_AUTH_OWN_EVENTS } from './own-providers.js';
import { wireTelemetry } from './telemetry-wiring.js';

// When the package is imported: strategies are registered before the module is made.
observeRegistrations(passport as unknown as StrategyRegistry);

/**
 * Puts the adapter in front of the gateways. It does so in its constructor, before Nest connects any gateway, so that
 * importing the module is all it takes.
 */
@Injectable()
export class WsAuthService
  implements
    AdapterContext,
    OnModuleInit,
    OnApplicationBootstrap,
    BeforeApplicationShutdown,
    OnApplicationShutdown
{
  readonly reporter: RefusalReporter;
  readonly budget: PendingBudget;
  readonly trust: ProxyTrust;
  readonly shutdownTimeoutMs: number;
  readonly protectedServers: ProtectedServer[] = [];
  readonly #provided: ProvidedStrategies;
  readonly #strategies: Strategies;
  readonly #contexts: SessionContexts;
  readonly #others: OtherServers;
  #applicationPort: HttpPort | undefined;
  readonly #hooks: GatewayHooks;
  #hasBound = false;

  constructor(
    @Inject(WS_AUTH_SETTINGS) private readonly settings: ModuleSettings,
    @Inject(WS_AUTH_PLATFORM) private readonly platform: Platform,
    private readonly gateways: GatewayPolicies,
    private readonly sessions: LiveSessions,
    revocations: RevocationLedger,
    @Inject(WS_AUTH_OWN_EVENTS) events: WsAuthEvents,
    nodeState: NodeState,
    readonly drain: SessionDrain,
    private readonly config: ApplicationConfig,
    private readonly httpAdapterHost: HttpAdapterHost,
    private readonly moduleRef: ModuleRef,
    private readonly modules: ModulesContainer,
    contextCreator: ExternalContextCreator,
  ) {
    const reportRefusal = (client: object, refusal: Refusal) =>
      this.#reportRefusal(client, refusal);
    this.#hooks = new GatewayHooks({ modules, config, platform, contextCreator, reportRefusal });
    this.#provided = new ProvidedStrategies(modules);
    this.#strategies = new Strategies(registryOf(passport), this.#provided);
    const { refusalLogLevel, maxPending, maxPendingPerAddress, telemetry } = settings;
    this.reporter = new RefusalReporter(events, refusalLogLevel, telemetry);
    this.budget = new PendingBudget({ maxPending, maxPendingPerAddress });
    this.trust = proxyTrust(settings.trustProxy);
    this.shutdownTimeoutMs = settings.shutdownTimeoutMs;
    this.#contexts = this.#contextsWith(nodeState, revocations, events);
    this.#others = new OtherServers(this, settings);
    installAdapter(config, platform, this);
    if (telemetry) {
      wireTelemetry(telemetry, events, {
        pending: () => this.budget.total,
        maxPending,
        sessions: () => sessions.size,
      });
    }
  }

  #contextsWith(
    { store, leases, revocations }: NodeState,
    ledger: RevocationLedger,
    events: WsAuthEvents,
  ): SessionContexts {
    const { sessions, drain, reporter, budget } = this;
    const { failedAttempts, telemetry, tickets } = this.settings;
    if (tickets) {
      this.#strategies.add(ticketStrategyName, new TicketStrategy(store));
    }
    return new SessionContexts(
      { sessions, drain, revocations: ledger, leases, events, reporter, budget, telemetry },
      {
        strategies: this.#strategies,
        failures: failedAttempts && new FailureLimits(failureLimiters(failedAttempts)),
        revocations,
        authenticate: () => passportOptionsIn(this.moduleRef).authenticate,
        application: () => this.httpAdapterHost.httpAdapter?.getInstance<unknown>(),
      },
    );
  }

  /** A client of a public gateway has no session, and nothing to report. */
  #reportRefusal(client: object, refusal: Refusal): void {
    const session = sessionOf(client);
    const peer = session && this.sessions.with(session.id)?.peer;
    if (peer) {
      this.reporter.refusedByGuard(refusal, peer.placeIn(this.platform.namespaceOf?.(client)));
    }
  }

  get httpServer(): Server | undefined {
    return this.httpAdapterHost.httpAdapter?.getHttpServer() as Server | undefined;
  }

  get applicationPort(): HttpPort | undefined {
    const { httpServer: server } = this;
    this.#applicationPort ??= server && HttpPort.ofApplication(server, this);
    return this.#applicationPort;
  }

  sessionContextOf(port: number, path: string | undefined): SessionContext | undefined {
    this.#hasBound = true;
    const demand = this.gateways.demandOf(port, path, this.platform.hasNamespaces);
    if (!demand) {
      this.#hooks.install(port, path, this.settings);
      return undefined;
    }
    const options = mergeOptions(this.#ofModule, demand.policy);
    const context = this.#contexts.of(options, this.platform.transport);
    const { policy } = context;
    demandGatewayEffect(demand, policy, path ?? '/');
    this.#hooks.install(port, path, policy);
    this.protectedServers.push({ port, path, context });
    return context;
  }

  expectationOn(
    port: number,
    path: string | undefined,
    namespace?: string | RegExp,
  ): ExpectClient | undefined {
    return this.#hooks.expectationOn(port, path, namespace);
  }

  accessOf(port: number, path: string | undefined, namespace: string | RegExp) {
    return this.gateways.accessOf(port, path, namespace);
  }

  /** @throws {WsAuthConfigurationError} if another adapter would leave the gateways open, or a decorator does nothing. */
  onModuleInit(): void {
    this.#strategies.claim();
    this.gateways.demandGateways();
    const gateways = this.gateways.gateways();
    demandPassedOptions(gateways);
    refuseIgnoredDecorators(new Set(this.gateways.classes()));
    demandOwnAdapter(this.platform, this.config.getIoAdapter());
    demandServed(this.httpServer && this.config.getIoAdapter(), gateways, this.protectedServers);
    this.#others.protect(this.#ofModule, (...policy) => this.#contexts.of(...policy));
    this.protectedServers.push(...this.#others.served);
  }

  /** @throws {WsAuthConfigurationError} for an option without effect, an unknown strategy, and a global `WsAuthGuard` that never runs. */
  onApplicationBootstrap(): void {
    checkGlobalGuards(this.config);
    const warnings = this.#others.demandUse(this.modules, this.config);
    const policies = this.protectedServers.map(({ context }) => context.policy);
    demandModuleEffect(this.settings.given, this.settings, policies);
    for (const { context } of this.protectedServers) {
      const { strategy, handshakeExtractors, firstMessage } = context.policy;
      const own = [...handshakeExtractors, firstMessage].flatMap((each) => each?.strategy ?? []);
      this.#strategies.demand([...strategy, ...own], () => this.#provided.unavailable());
    }
    reportBoot(new ContainedLogger('WsAuth'), {
      gateways: this.gateways.gateways(),
      servers: this.protectedServers,
      others: this.#others.served,
      strategies: this.#strategies,
      config: this.config,
      modules: this.modules,
      httpServer: this.httpServer,
      hasBound: this.#hasBound,
      transport: this.platform.transport,
      warnings,
    });
  }

  /** The last hook that Nest calls before it closes the HTTP server. */
  async beforeApplicationShutdown(): Promise<void> {
    if (this.settings.drainMs > 0) {
      await this.drain.run(checkDrain({ overMs: this.settings.drainMs }));
    }
    await this.#others.close();
  }

  /** The first hook that Nest calls after it has closed the HTTP server; a server that it leaves open is given back as well. */
  onApplicationShutdown(): void {
    const { telemetry } = this.settings;
    runAll([() => this.#applicationPort?.release(), () => telemetry?.stop()]);
  }

  /** The policy of a server that demands nothing of its own. */
  get #ofModule(): WsAuthModuleOptions {
    return mergeOptions(passportOptionsIn(this.moduleRef).policy, this.settings.given);
  }
}
